"""Backup and restore of a SQLite file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import make_url

from portal.backups.archive import sync_folder
from portal.backups.manifest import EngineName
from portal.backups.problems import BackupProblem
from portal.database import sqlite_driver
from portal.database_use import DatabaseInUse, nobody_else
from portal.migrating import one_at_a_time
from portal.settings import Settings

BUSY_SECONDS = 30.0
HEADER = b"SQLite format 3\0"
# Beside the file while somebody works on it; what was written lately may be in there only.
LOGS = ("-wal", "-shm", "-journal")


class SqliteFile:
    """The database of one machine."""

    name = EngineName.SQLITE

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = settings.instance_path / (make_url(settings.database_url).database or ":memory:")

    def scratch_place(self) -> Path:
        return self._file.parent

    def dump(self, to: Path) -> str:
        """Copy the file with VACUUM INTO: one moment of it, while others read and write."""
        if not self._file.exists():
            raise BackupProblem(f"There is no database at {self._file} yet.")
        try:
            with closing(_opened(self._file)) as connection:
                connection.execute("VACUUM INTO ?", (str(to),))
            with closing(_opened(to)) as connection:
                _drop_queues(connection)
                return _migration(connection)
        except sqlite_driver().Error as error:
            raise BackupProblem(f"SQLite could not copy the database: {error}.") from error

    def check(self, dump: Path, *, migration: str) -> None:
        try:
            with closing(_opened(dump)) as connection:
                found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
                orphans = connection.execute("PRAGMA foreign_key_check").fetchone()
                is_whole = found == ["ok"] and orphans is None
                is_as_told = is_whole and _migration(connection) == migration
        except sqlite_driver().Error as error:
            raise BackupProblem(f"The database in the backup cannot be read: {error}.") from error
        if not is_as_told:
            raise BackupProblem("The database in the backup is damaged.", "Use another one.")

    @contextmanager
    def nobody_at_work(self) -> Iterator[None]:
        """Hold every lock that a portal process takes at its start, and find those that are there already."""
        owner = (self._file if self._file.exists() else self._file.parent).stat().st_uid
        if owner != os.geteuid():
            raise BackupProblem(f"Run this as the user (id {owner}) that the portal runs as.")
        with ExitStack() as held:
            worker_lock = held.enter_context((self._settings.instance_path / "worker.lock").open("a"))
            try:
                fcntl.flock(worker_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held.enter_context(nobody_else(self._settings))
            except (OSError, DatabaseInUse) as error:
                raise _at_work() from error
            held.enter_context(one_at_a_time(self._settings))
            self._close_its_log()
            yield

    def is_empty(self) -> bool:
        if not self._file.exists():
            return True
        if self._is_damaged():
            return False  # which may be why somebody restores
        try:
            with closing(_opened(self._file)) as connection:
                return connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        except sqlite_driver().DatabaseError:
            return False

    def load(self, dump: Path, *, afterwards: Sequence[str]) -> Path | None:
        """Prepare the restored file beside the other one and give it its name in one step."""
        with closing(_opened(dump)) as connection:
            connection.execute("BEGIN")
            for statement in afterwards:
                connection.execute(statement)
            connection.execute("COMMIT")
        dump.chmod(self._file.stat().st_mode & 0o777 if self._file.exists() else 0o600)
        with dump.open("rb") as written:
            os.fsync(written.fileno())
        kept = self._file.with_name(f"{self._file.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
        has_replaced = self._file.exists()
        if has_replaced:
            kept.hardlink_to(self._file)
        for end in LOGS:
            # Left by a file that is damaged or gone; beside the restored one it would be taken for its own.
            log = self._file.with_name(self._file.name + end)
            if log.exists():
                log.rename(kept.with_name(kept.name + end))
        dump.replace(self._file)
        sync_folder(self._file.parent)
        return kept if has_replaced else None

    def _is_damaged(self) -> bool:
        """Whether this is no SQLite file at all: then SQLite would throw its log away, which may be of use."""
        with self._file.open("rb") as opened:
            return opened.read(len(HEADER)) not in (HEADER, b"")

    def _close_its_log(self) -> None:
        """Take everything into the one file, which SQLite refuses while anybody else has it open."""
        if not self._file.exists() or self._is_damaged():
            return
        try:
            with closing(_opened(self._file, busy_seconds=0)) as connection:
                connection.execute("PRAGMA journal_mode=DELETE")
                connection.execute("BEGIN EXCLUSIVE")
                connection.execute("ROLLBACK")
        except sqlite_driver().OperationalError as error:
            if "locked" in str(error):
                raise _at_work() from error
        except sqlite_driver().DatabaseError:
            return  # damaged: kept as it is


def _at_work() -> BackupProblem:
    return BackupProblem(
        "A process of the portal is working on this database.",
        "Stop `portal serve` and `portal worker` first.",
    )


def _opened(file: Path, *, busy_seconds: float = BUSY_SECONDS) -> Any:
    """Open a file that exists; commits are ours to make."""
    return sqlite_driver().connect(
        f"file:{quote(str(file))}?mode=rw", uri=True, isolation_level=None, timeout=busy_seconds
    )


def _drop_queues(connection: Any) -> None:
    """Leave the work queue's own tables out: what is promised stands in our rows, and it makes them anew."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in names:
        if not name.startswith(("portal_", "sqlite_")) and name != "alembic_version":
            quoted = name.replace('"', '""')
            connection.execute(f'DROP TABLE "{quoted}"')


def _migration(connection: Any) -> str:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite_driver().OperationalError:
        row = None
    if row is None:
        raise BackupProblem("This is not a database of the portal: it has no tables of it.")
    return str(row[0])
