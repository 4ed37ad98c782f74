"""The database recipe: one engine for SQLite and PostgreSQL, and what a transaction is.

SQLite needs care that defaults do not take (measured, see docs/decisions): the driver's own transactions lose
updates, its busy handler sleeps up to 100 ms, and the system library may carry the WAL-reset bug. So pages read
inside a plain ``BEGIN``, every change runs inside ``BEGIN IMMEDIATE``, and the driver is pysqlite3 with its own,
current SQLite. Threads of one process take turns with a lock of ours, other processes are asked again every
millisecond.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from portal.extensions import db

BUSY_RETRY_SECONDS = 0.001
BUSY_LIMIT_SECONDS = 5.0
WAL_RESET_FIXED_IN = (3, 51, 3)
# A server that is gone without a word is noticed in seconds, not when the kernel gives up after many minutes.
POSTGRESQL_LIMITS = {
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 30,  # seconds
    "keepalives_interval": 10,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
HAS_THE_TURN = "portal_has_the_turn"

_writing: ContextVar[bool] = ContextVar("portal_writing", default=False)
log = structlog.get_logger(__name__)


def sqlite_driver() -> ModuleType:
    """Return the DB-API module for SQLite: pysqlite3 where it has a wheel, else the standard library's.

    Never mix both on one file in one process: closing either drops the other's POSIX locks.
    """
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        import sqlite3 as dbapi2
    return dbapi2


def engine_options(database_url: str) -> dict[str, Any]:
    """Return the keyword arguments for ``create_engine`` that suit ``database_url``.

    What people wrote and what DingTalk told must not reach a log by way of an exception's text.
    """
    if database_url.startswith("sqlite"):
        return {
            "module": sqlite_driver(),
            "connect_args": {"timeout": 0, "check_same_thread": False},
            "pool_size": 20,
            "hide_parameters": True,
        }
    told = make_url(database_url).query
    limits = {name: value for name, value in POSTGRESQL_LIMITS.items() if name not in told}
    return {
        "pool_pre_ping": True,
        "pool_size": 10,
        "max_overflow": 10,
        "connect_args": limits,
        "hide_parameters": True,
    }


def prepare_engine(engine: Engine) -> None:
    """Install the SQLite recipe on ``engine``; does nothing for PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return
    turns = _WriteTurns()
    event.listen(engine, "connect", _configure_connection)
    event.listen(engine, "begin", turns.begin)
    event.listen(engine, "checkin", turns.end)


def _configure_connection(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # our own BEGIN, see _begin
    cursor = connection.cursor()
    version = tuple(int(part) for part in sqlite_driver().sqlite_version.split("."))
    journal = "WAL" if version >= WAL_RESET_FIXED_IN else "DELETE"
    _retry_while_busy(lambda: cursor.execute(f"PRAGMA journal_mode={journal}"))
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


class _WriteTurns:
    """Lets one thread of this process write at a time: waiting for a lock beats asking SQLite again and again."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def begin(self, connection: Connection) -> None:
        # Past SQLAlchemy's cursor: every request begins here, and a busy moment has many retries.
        execute = connection.connection.dbapi_connection.execute  # type: ignore[union-attr]
        if not _writing.get():
            _retry_while_busy(lambda: execute("BEGIN"))
            return
        deadline = time.monotonic() + BUSY_LIMIT_SECONDS
        kept: dict[str, bool] = connection.connection.record_info  # type: ignore[assignment]
        if HAS_THE_TURN not in kept:
            self._wait_for_the_turn()
            kept[HAS_THE_TURN] = True
        # When this fails the connection goes back to its pool, and the turn with it.
        _retry_while_busy(lambda: execute("BEGIN IMMEDIATE"), deadline=deadline)

    def end(self, _connection: object, record: ConnectionPoolEntry) -> None:
        """Give the turn on when the connection goes back to its pool, however its transaction ended."""
        if record.record_info and record.record_info.pop(HAS_THE_TURN, False):
            self._turn.release()

    def _wait_for_the_turn(self) -> None:
        if not self._turn.acquire(timeout=BUSY_LIMIT_SECONDS):
            locked = sqlite_driver().OperationalError("database is locked")
            raise OperationalError(None, None, locked) from locked


def _retry_while_busy(attempt: Callable[[], object], *, deadline: float | None = None) -> None:
    """Try until it works or the ``deadline`` (of ``time.monotonic``) is over, by default the usual while."""
    deadline = deadline or time.monotonic() + BUSY_LIMIT_SECONDS
    while True:
        try:
            attempt()
            return
        except sqlite_driver().OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise OperationalError(None, None, error) from error
            time.sleep(BUSY_RETRY_SECONDS)


@contextmanager
def transaction() -> Iterator[Session]:
    """Run one change: everything inside is committed together, or nothing is.

    A read that the request began before is ended first, so that what is read inside is what will be changed.
    Entered again inside itself it joins the outer one.
    """
    session: Session = db.session()
    if _writing.get():
        yield session
        return
    session.rollback()
    with writing():
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise


@contextmanager
def core_transaction() -> Iterator[Connection]:
    """Run one change like ``transaction``, without the ORM: for paths where that costs more than the change."""
    with writing(), db.engine.begin() as connection:
        yield connection


@contextmanager
def writing() -> Iterator[None]:
    """Begin the transactions of this context with the write lock (SQLite)."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)
