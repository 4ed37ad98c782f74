"""Steps about what comes back by the clock: the sweep, the failed-push list, and what DingTalk counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.database import transaction
from portal.extensions import db
from portal.models import ApprovalSettings, CallbackEvent, Chore
from portal.services.work.chores import ChoreName
from tests.portal_world import World

FETCH = "getFailedEvents"

# On PostgreSQL too, where time is no matter: what these tests are about hardly depends on the engine.
also_on_postgresql = pytest.mark.parametrize(
    "shared_world",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow])],
    indirect=True,
)


def metered(world: World) -> int:
    """Return the counted calls of this month, by the sandbox's own meter."""
    return int(world.control("GET", "/calls")["metered"])


def plan(world: World) -> None:
    """Let the chores begin, as a worker does at its start."""
    with world.app.app_context():
        world.services.chores.plan()


def chore(name: ChoreName) -> Chore:
    return db.session.get_one(Chore, name.value)


def do_now(world: World, name: ChoreName) -> None:
    """Let one chore come back now, and do it."""
    with world.app.app_context():
        world.services.chores.plan()
        world.services.chores.do(name.value)


def drain(world: World) -> None:
    do_now(world, ChoreName.DRAIN_FAILED_PUSHES)


def sweep(world: World) -> None:
    """Go round once, and read what was woken."""
    do_now(world, ChoreName.SWEEP)
    world.work()


def pass_days(world: World, days: int) -> None:
    """Let days pass, with all that the worker does each day."""
    plan(world)
    for _ in range(days):
        world.let_pass(days=1)
        world.work()  # wakes what is silent
        world.work()  # and reads it


def lose_pushes(world: World) -> None:
    """Let pushes fail at once and for good, and be fetched at once."""
    world.control("PUT", "/settings", {"retry_delays_seconds": [], "failed_list_delay_seconds": 0})
    world.subscribe(url="http://127.0.0.1:9/nobody")


def fail_pushes(world: World) -> int:
    """Wait until no push is on its way any more; returns how many failed."""

    def waiting() -> int:
        return int(counts(world)["waiting"])

    world.work_until(lambda: waiting() == 0, seconds=30)
    return int(counts(world)["failed"])


def counts(world: World) -> dict[str, Any]:
    return dict(world.control("GET", "/state")["counts"]["deliveries"])


def events() -> list[CallbackEvent]:
    return list(db.session.scalars(select(CallbackEvent).order_by(CallbackEvent.id)))


def set_quota(world: World, calls: int) -> None:
    with world.app.app_context(), transaction() as session:
        session.get_one(ApprovalSettings, 1).monthly_call_quota = calls


def pause_until(world: World, chore_name: ChoreName) -> timedelta:
    return world.look(lambda: chore(chore_name).due_at) - world.clock.now()
