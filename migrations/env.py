"""Runs migrations on the database of the current portal app."""

from alembic import context
from flask import current_app

import portal.models  # noqa: F401  makes every table known
from portal.database import writing
from portal.models.base import UtcDateTime

db = current_app.extensions["migrate"].db


def include_name(name, kind, _parents):
    """Leave the tables of the work queue alone: they share the file on SQLite."""
    return kind != "table" or name in db.metadata.tables


def render_item(kind, item, _autogen_context):
    """Write our moments as plain SQL types: a migration must not change when the models do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


with writing(), db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        include_name=include_name,
        render_item=render_item,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
