"""DingTalk's limit of calls a second, kept by all processes of the portal together."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from zlib import crc32

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from portal.extensions import db

log = structlog.get_logger(__name__)

REST_SECONDS = 1.0
LOOK_EVERY_SECONDS = 0.05
# Far below the lease of a start: who waited so long may go, and DingTalk's own refusal is a safe answer.
LONGEST_WAIT_SECONDS = 10.0

_TAKE = text(
    "SELECT number FROM unnest(CAST(:numbers AS integer[])) AS number "
    "WHERE pg_try_advisory_lock(:api, number) LIMIT 1"
)
_GIVE_BACK = text("SELECT pg_advisory_unlock(:api, :number)")


class CallPermits:
    """There are ``limit`` permits for each API; a call holds one until a second after its answer.

    So however long calls are on their way, DingTalk sees at most ``limit`` of one API in any second. A permit is
    an advisory lock of PostgreSQL, free again when its process dies; on SQLite, where one worker does the
    calling, it is this process's own. Permits never stop the work: without the database, or after
    ``LONGEST_WAIT_SECONDS``, a call goes without.
    """

    def __init__(self, *, limit: int, is_shared: bool) -> None:
        self._limit = limit
        self._is_shared = is_shared
        self._lock = threading.Lock()
        self._held: defaultdict[int, set[int]] = defaultdict(set)
        self._resting: deque[tuple[float, int, int]] = deque()
        self._connection: Connection | None = None
        self._returning: threading.Thread | None = None

    @contextmanager
    def hold(self, operation: str) -> Iterator[None]:
        """Hold a permit around one call of the API ``operation``; waits for it. Needs the app's context."""
        api = crc32(operation.encode()) & 0x7FFFFFFF
        number = self._wait_for(api, operation)
        try:
            yield
        finally:
            if number is not None:
                self._let_rest(api, number)

    def _wait_for(self, api: int, operation: str) -> int | None:
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while time.monotonic() < deadline:
            with self._lock:
                try:
                    number = self._take(api)
                except SQLAlchemyError:
                    log.warning("permit.unavailable", operation=operation)
                    self._drop_connection()
                    return None
            if number is not None:
                return number
            time.sleep(LOOK_EVERY_SECONDS)
        log.warning("permit.none_in_time", operation=operation)
        return None

    def _take(self, api: int) -> int | None:
        self._give_back_rested()
        held = self._held[api]
        free = [number for number in range(self._limit) if number not in held]
        number: int | None = free[0] if free else None
        if free and self._is_shared:
            number = self._open().scalar(_TAKE, {"api": api, "numbers": free})
        if number is not None:
            held.add(number)
        return number

    def _open(self) -> Connection:
        if self._connection is None:
            connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()  # closing it ends the session, and with it every lock
            self._connection = connection
        return self._connection

    def _let_rest(self, api: int, number: int) -> None:
        with self._lock:
            self._resting.append((time.monotonic() + REST_SECONDS, api, number))
            if self._is_shared and self._returning is None:
                self._returning = threading.Thread(
                    target=self._return_rested, name="call-permits", daemon=True
                )
                self._returning.start()

    def _return_rested(self) -> None:
        """Give permits back in time for other processes; ends when this one holds none."""
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            with self._lock:
                try:
                    self._give_back_rested()
                except SQLAlchemyError:
                    self._drop_connection()
                if not any(self._held.values()):
                    self._drop_connection()
                    self._returning = None
                    return

    def _give_back_rested(self) -> None:
        while self._resting and self._resting[0][0] <= time.monotonic():
            _, api, number = self._resting.popleft()
            self._held[api].discard(number)
            if self._connection is not None:
                self._connection.execute(_GIVE_BACK, {"api": api, "number": number})

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError:
                log.warning("permit.connection_lost")
