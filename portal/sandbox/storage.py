"""The sandbox's own SQLite file: short write transactions that take the lock at once, reads that do not wait."""

from __future__ import annotations

import importlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, inspect
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, Session

BUSY_SECONDS = 10
# Counted up with every change of the tables: what is in a sandbox is made up and may be made again.
LAYOUT = 7
log = logging.getLogger(__name__)


class Base(DeclarativeBase):
    """The sandbox's metadata; the portal's is another one."""


class Storage:
    """Opens (and creates) the file. ``write`` commits or rolls back; ``read`` never changes anything.

    ``facts`` is laid into every session's ``info``: who the organisation is, for the events written there.
    """

    def __init__(self, path: Path, *, facts: dict[str, str]) -> None:
        self._facts = facts
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(path)
        self._reader = self._engine.execution_options(sandbox_begin="BEGIN")
        self._one_writer = threading.Lock()
        importlib.import_module("portal.sandbox.tables")
        with self._one_writer, self._engine.begin() as connection:
            _prepare(connection)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in a BEGIN IMMEDIATE transaction, committed on leaving, rolled back on an exception."""
        with self._one_writer, Session(self._engine, info=dict(self._facts)) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot of the file."""
        with Session(self._reader, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()


def _prepare(connection: Connection) -> None:
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found != LAYOUT and inspect(connection).get_table_names():
        log.warning("the sandbox's file is of another version; it starts afresh")
        Base.metadata.drop_all(connection)
    Base.metadata.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version={LAYOUT}")


def _driver() -> Any:
    # Debian 12's SQLite has the WAL-reset bug, pysqlite3 bundles a fixed one; some platforms have no wheel of it.
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return sqlite3


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", module=_driver(), pool_size=20, connect_args={"timeout": BUSY_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred BEGIN around read-then-write loses updates or fails at once under two writers.
        mode = connection.get_execution_options().get("sandbox_begin", "BEGIN IMMEDIATE")
        connection.exec_driver_sql(mode)

    return engine
