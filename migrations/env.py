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


def set_foreign_keys(connection, state):
    """SQLite changes a table by making it anew, and dropping the old one would take the rows that refer to it."""
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.execute(f"PRAGMA foreign_keys={state}")


def check_foreign_keys(ctx, **_step):
    """Nothing may refer to a row that is not there; asked before each migration is committed."""
    if ctx.dialect.name == "sqlite":
        missing = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if missing:
            raise RuntimeError(f"The migration leaves rows that refer to nothing: {missing[:5]}")


with writing(), db.engine.connect() as connection:
    set_foreign_keys(connection, "OFF")
    try:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            include_name=include_name,
            render_item=render_item,
            render_as_batch=True,
            compare_type=True,
            on_version_apply=check_foreign_keys,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        set_foreign_keys(connection, "ON")
