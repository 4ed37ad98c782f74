"""A full disk or a locked database: people are told, nothing is half stored, and all goes on afterwards."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import requests

from portal.database import BUSY_LIMIT_SECONDS, sqlite_driver
from portal.extensions import db
from portal.models import AccessRequest, CallbackEvent
from tests.durability.running_portal import RunningPortal
from tests.durability.story import Story
from tests.durability.truth import judge
from tests.durability.visitor import Visitor, words_of
from tests.durability.waiting import wait

MEBIBYTE = 1024 * 1024


@pytest.fixture
def visitor(portal: RunningPortal) -> Iterator[Visitor]:
    made = Visitor(portal, "bob")
    yield made
    made.close()


@contextmanager
def full_disk(portal: RunningPortal) -> Iterator[None]:
    """Let no process of the portal write to the database's files, while reading works.

    They may write no file past its first mebibyte, and the log of changes is longer than that: a reader that the
    test keeps open lets nobody begin it anew. It begins empty, so that what fills it does not bring it to an end.
    """
    path = portal.world.settings.database_url.removeprefix("sqlite:///")
    pids = [process.pid for process in (portal.web, portal.worker)]
    with closing(sqlite_driver().connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        connection.execute("CREATE TABLE ballast (weight BLOB)")
        connection.execute("INSERT INTO ballast VALUES (zeroblob(?))", (2 * MEBIBYTE,))
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM ballast").fetchone()
        before = {
            pid: resource.prlimit(pid, resource.RLIMIT_FSIZE, (MEBIBYTE, resource.RLIM_INFINITY))
            for pid in pids
        }
        try:
            yield
        finally:
            for pid, limits in before.items():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
            connection.execute("COMMIT")
            connection.execute("DROP TABLE ballast")


def counts(portal: RunningPortal) -> tuple[int, int]:
    return portal.world.look(
        lambda: (db.session.query(AccessRequest).count(), db.session.query(CallbackEvent).count())
    )


def test_a_full_disk_is_told_keeps_nothing_by_halves_and_all_goes_on_when_there_is_room(
    portal: RunningPortal, visitor: Visitor
) -> None:
    earlier, later = Story(portal, visitor), Story(portal, visitor)
    earlier.start()
    before = counts(portal)
    with full_disk(portal):
        answer = visitor.send("/requests", later.form)
        assert answer.status_code == 503, words_of(answer)
        assert "not available right now" in answer.text
        assert "Traceback" not in answer.text

        earlier.agree()
        wait(lambda: 503 in portal.callback_answers(), what="a callback that cannot be kept")
        assert counts(portal) == before
        assert earlier.number in visitor.page_of(earlier.number)
        assert portal.web.is_running
        assert portal.worker.is_running

    assert [story.finish() for story in (earlier, later)] == ["approved", "approved"]
    portal.wait_until_all_is_told()
    portal.wait_until_inbox_is_settled()
    verdict = judge(portal.world, [earlier.number, later.number])
    assert verdict.is_kept, verdict.details()


@pytest.mark.slow
def test_a_database_locked_for_longer_than_anybody_waits_delays_work_and_loses_none(
    portal: RunningPortal, visitor: Visitor
) -> None:
    earlier, later = Story(portal, visitor), Story(portal, visitor)
    earlier.start()
    before = counts(portal)
    with portal.held_database("portal_access_request"):
        earlier.agree()
        answer = visitor.send("/requests", later.form)
        assert answer.elapsed.total_seconds() >= BUSY_LIMIT_SECONDS
        assert answer.status_code == 503, words_of(answer)
        wait(lambda: bool(portal.callback_answers()), what="a callback that nobody could keep in time")
        assert counts(portal) == before
        assert requests.get(f"{portal.url}/health/live", timeout=10).status_code == 200

    assert [story.finish() for story in (earlier, later)] == ["approved", "approved"]
    portal.wait_until_all_is_told()
    portal.wait_until_inbox_is_settled()
    verdict = judge(portal.world, [earlier.number, later.number])
    assert verdict.is_kept, verdict.details()
