"""Which engine the portal's database has."""

from __future__ import annotations

from portal.backups.database_engine import DatabaseEngine
from portal.backups.postgresql import PostgresqlDatabase
from portal.backups.sqlite import SqliteFile
from portal.settings import Settings


def engine_of(settings: Settings) -> DatabaseEngine:
    """Return what backs up and restores this portal's database."""
    return SqliteFile(settings) if settings.is_sqlite else PostgresqlDatabase(settings)
