"""The portal's own database and the disk that it is on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.database import writing
from portal.extensions import db
from portal.services.doctor.checks import Check, CheckName, Verdict, failed, ok, warning
from portal.services.doctor.findings import Found
from portal.services.doctor.limits import Limits
from portal.services.doctor.run import Run
from portal.services.work.patience import NoAnswer, Patience, in_app_context

# Changes no row; on a read-only file or server it is refused all the same.
WRITE_NOTHING = text("UPDATE portal_approval_settings SET version = version WHERE 1 = 0")
MEGABYTE = 1024**2


@dataclass(frozen=True, kw_only=True)
class DatabaseChecks:
    """``migration_head`` is the version that the code needs, ``instance_path`` where files are kept."""

    instance_path: Path
    migration_head: str
    limits: Limits
    patience: Patience[Verdict] = field(default_factory=Patience)

    def checks(self) -> tuple[Check, ...]:
        """Both checks."""
        return (
            Check(name=CheckName.DATABASE, look=self._database),
            Check(name=CheckName.DISK_SPACE, look=self._disk_space),
        )

    def _database(self, _run: Run) -> Verdict:
        try:
            question = in_app_context(self._questions)
            return self.patience.ask(question, seconds=self.limits.database_seconds)
        except NoAnswer:
            return failed(Found.DATABASE_SILENT)

    def _questions(self) -> Verdict:
        try:
            current = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        except SQLAlchemyError as error:
            return failed(Found.DATABASE_DAMAGED if _is_malformed(error) else Found.DATABASE_UNREACHABLE)
        if current != self.migration_head:
            return failed(Found.DATABASE_OLD, version=str(current or "-"), needed=self.migration_head)
        db.session.rollback()
        try:
            with writing(), db.engine.connect() as connection:
                connection.execute(WRITE_NOTHING)
        except SQLAlchemyError:
            return failed(Found.DATABASE_NOT_WRITABLE)
        if self._is_damaged():
            return failed(Found.DATABASE_DAMAGED)
        return ok(Found.DATABASE_WELL)

    def _is_damaged(self) -> bool:
        if db.engine.dialect.name != "sqlite":
            return False
        pages = db.session.scalar(text("PRAGMA page_count")) * db.session.scalar(text("PRAGMA page_size"))
        if pages > self.limits.integrity_looked_at_bytes:
            return False
        try:
            return bool(db.session.scalar(text("PRAGMA quick_check(1)")) != "ok")
        except SQLAlchemyError:
            return True

    def _disk_space(self, _run: Run) -> Verdict:
        free = shutil.disk_usage(self.instance_path).free
        said = f"{free // MEGABYTE:,}"
        if free < self.limits.space_gone_bytes:
            return failed(Found.SPACE_GONE, megabytes=said)
        if free < self.limits.space_short_bytes:
            return warning(Found.SPACE_SHORT, megabytes=said)
        return ok(Found.SPACE_LEFT, megabytes=said)


def _is_malformed(error: SQLAlchemyError) -> bool:
    """Whether SQLite says that the file is damaged where it was read."""
    return "malformed" in str(getattr(error, "orig", ""))
