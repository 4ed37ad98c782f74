"""Rows of many threads share a commit, and each hears only about its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError

from portal.services.events.shared_commit import CommitInterrupted, SharedCommit

WAIT_SECONDS = 5


class SlowDisk:
    """Commits when told to, and remembers which rows came together."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.is_writing = threading.Event()
        self.may_finish = threading.Event()
        self.refused = ""
        self.stops_the_writer = False

    def write(self, rows: Sequence[str]) -> None:
        self.is_writing.set()
        assert self.may_finish.wait(WAIT_SECONDS)
        if self.stops_the_writer:
            self.stops_the_writer = False
            raise SystemExit
        if self.refused in rows:
            raise ValueError(self.refused)
        self.commits.append(list(rows))


@pytest.fixture
def disk() -> SlowDisk:
    return SlowDisk()


def store_together(disk: SlowDisk, *later: str) -> list[Future[None]]:
    """Store "first", and the others while it is being written."""
    shared = SharedCommit(disk.write)
    with ThreadPoolExecutor(8) as threads:
        stored = [threads.submit(shared.store, "first")]
        assert disk.is_writing.wait(WAIT_SECONDS)
        stored += [threads.submit(shared.store, row) for row in later]
        while len(shared._waiting) < len(later):
            threading.Event().wait(0.001)
        disk.may_finish.set()
    return stored


def test_those_who_wait_behind_a_commit_share_the_next_one(disk: SlowDisk) -> None:
    stored = store_together(disk, "a", "b", "c")
    assert [each.result() for each in stored] == [None] * 4
    assert disk.commits[0] == ["first"]
    assert sorted(disk.commits[1]) == ["a", "b", "c"]
    assert len(disk.commits) == 2


def test_a_row_that_cannot_be_stored_fails_alone(disk: SlowDisk) -> None:
    disk.refused = "bad"
    first, *others = store_together(disk, "a", "bad", "b")
    assert first.exception() is None
    assert [type(each.exception()) for each in others] == [type(None), ValueError, type(None)]
    assert sorted(row for commit in disk.commits for row in commit) == ["a", "b", "first"]


def test_a_row_taken_along_by_a_writer_who_was_stopped_is_not_called_stored(disk: SlowDisk) -> None:
    class StoppedAtTheSecond(SlowDisk):
        def write(self, rows: Sequence[str]) -> None:
            super().write(rows)
            self.stops_the_writer = len(self.commits) == 1

    disk = StoppedAtTheSecond()
    first, *others = store_together(disk, "a", "b")
    assert first.exception() is None
    assert sorted(type(each.exception()).__name__ for each in others) == [
        CommitInterrupted.__name__,
        SystemExit.__name__,
    ]


def test_rows_that_meet_a_locked_database_together_do_not_wait_for_it_one_by_one() -> None:
    tries: list[int] = []

    def write(rows: Sequence[str]) -> None:
        tries.append(len(rows))
        is_first.set()
        assert others_wait.wait(WAIT_SECONDS)
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    is_first, others_wait = threading.Event(), threading.Event()
    shared = SharedCommit(write)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(shared.store, "first")
        assert is_first.wait(WAIT_SECONDS)
        others = [threads.submit(shared.store, str(number)) for number in range(3)]
        while len(shared._waiting) < len(others):
            pass
        others_wait.set()
        for each in (first, *others):
            with pytest.raises(OperationalError):
                each.result(WAIT_SECONDS)
    assert tries == [1, 3]
