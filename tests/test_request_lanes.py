"""Callbacks and pages have threads of their own: a crowd on one side never keeps the other waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from portal.request_lanes import LaneDispatcher

CALLBACKS = "/callbacks/dingtalk"
THREADS = 2


@pytest.fixture
def held_up() -> Iterator[threading.Event]:
    """What a crowd waits for until the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def lanes(held_up: threading.Event) -> Iterator[LaneDispatcher]:
    made = LaneDispatcher(callback_address=CALLBACKS, threads=THREADS)
    yield made
    held_up.set()
    made.shutdown()


def asked(path: str, service: Any) -> Any:
    return SimpleNamespace(requests=[SimpleNamespace(path=path)], service=service, cancel=lambda: None)


@pytest.mark.parametrize(("crowd", "other"), [(CALLBACKS, "/requests"), ("/requests", CALLBACKS)])
def test_a_crowd_in_one_lane_does_not_keep_the_other_waiting(
    lanes: LaneDispatcher, held_up: threading.Event, crowd: str, other: str
) -> None:
    for _ in range(THREADS * 10):
        lanes.add_task(asked(crowd, held_up.wait))
    served = threading.Event()
    lanes.add_task(asked(other, served.set))
    assert served.wait(20)


def test_every_thread_ends_with_the_server(lanes: LaneDispatcher) -> None:
    assert lanes.shutdown()
    late = threading.Event()
    lanes.add_task(asked("/requests", late.set))
    assert not late.wait(0.2)
