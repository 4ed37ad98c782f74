"""Bringing the database to the version of the code, once, however many processes start together."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from portal.extensions import db
from portal.settings import PROJECT_ROOT, Settings

MIGRATIONS = PROJECT_ROOT / "migrations"
LOCK_NUMBER = 7_203_115
LOOK_EVERY_SECONDS = 0.05


@cache
def migration_head() -> str:
    """Return the migration that the code needs."""
    return _scripts().get_current_head() or ""


@cache
def known_migrations() -> frozenset[str]:
    """Return every migration of this version of the code, older ones too."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


def migrate_database(app: Flask, settings: Settings) -> None:
    """Create or upgrade our tables; processes that start together wait for each other."""
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    with app.app_context(), one_at_a_time(settings):
        upgrade(directory=str(MIGRATIONS))


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


@contextmanager
def one_at_a_time(settings: Settings) -> Iterator[None]:
    """Hold a lock that spans processes: a file's on SQLite, an advisory one on PostgreSQL."""
    if settings.is_sqlite:
        with (settings.instance_path / "migrating.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    # Without a transaction: an open one would hold up CREATE INDEX CONCURRENTLY, which the queues' tables need.
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Asked again and again: a statement that waits keeps a snapshot, for which CREATE INDEX CONCURRENTLY waits.
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": LOCK_NUMBER}):
            time.sleep(LOOK_EVERY_SECONDS)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": LOCK_NUMBER})
