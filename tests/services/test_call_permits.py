"""DingTalk sees at most the allowed calls of one API in any second, whoever makes them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from sqlalchemy import text
from structlog.testing import capture_logs

from portal.application import create_app
from portal.extensions import db
from portal.services.work.call_permits import CallPermits
from tests.portal_world import World, free_port
from tests.services.engines import on_both_engines

pytestmark = on_both_engines

LIMIT = 5
CALLERS = 8


class Meter:
    """Counts like DingTalk: how many arrived in the second before this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        self.most_in_a_second = self.arrived = 0

    def arrive(self) -> None:
        with self._lock:
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - 1.0:
                self._recent.popleft()
            self._recent.append(now)
            self.arrived += 1
            self.most_in_a_second = max(self.most_in_a_second, len(self._recent))


def permits_of_processes(world: World) -> list[CallPermits]:
    """Return what two processes would have; a SQLite database has one that calls."""
    is_shared = not world.settings.is_sqlite
    return [CallPermits(limit=LIMIT, is_shared=is_shared) for _ in range(2 if is_shared else 1)]


@contextmanager
def callers(world: World, permits: CallPermits, meter: Meter, *, calls: int) -> Iterator[None]:
    def call() -> None:
        with world.app.app_context():
            for _ in range(calls):
                with permits.hold("a"):
                    meter.arrive()

    threads = [threading.Thread(target=call) for _ in range(CALLERS // 2)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def test_no_second_sees_more_calls_than_allowed_from_all_processes_together(world: World) -> None:
    meter, processes = Meter(), permits_of_processes(world)
    first, last = processes[0], processes[-1]
    with callers(world, first, meter, calls=2), callers(world, last, meter, calls=1):
        pass
    assert meter.arrived == CALLERS // 2 * 3
    assert meter.most_in_a_second <= LIMIT


def test_each_api_has_permits_of_its_own(world: World) -> None:
    permits = permits_of_processes(world)[0]
    with world.app.app_context(), capture_logs() as said, ExitStack() as under_way:
        for operation in ("a", "b", "c"):
            for _ in range(LIMIT):
                under_way.enter_context(permits.hold(operation))
    assert said == []


def test_permits_of_a_process_that_dies_are_free_again(world: World) -> None:
    if world.settings.is_sqlite:
        return  # there a permit is a matter of one process
    dying, living = permits_of_processes(world)
    with world.app.app_context(), capture_logs() as said, ExitStack() as under_way:
        for _ in range(LIMIT):
            under_way.enter_context(dying.hold("a"))
        end_sessions_that_hold_locks()
        with living.hold("a"):
            assert said == []


def test_calls_are_made_without_permits_where_the_database_is_away(world: World) -> None:
    nowhere = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nowhere"
    app, permits = (
        create_app(replace(world.settings, database_url=nowhere)),
        CallPermits(limit=1, is_shared=True),
    )
    with app.app_context(), capture_logs() as said, permits.hold("a"), permits.hold("a"):
        pass
    assert [each["event"] for each in said] == ["permit.unavailable"] * 2


def end_sessions_that_hold_locks() -> None:
    """As when their process is killed."""
    db.session.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM (SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS holders"
        )
    )
    db.session.rollback()
