"""Steps about instances that surface where nobody expects them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.channels.approval_channel import ChannelName, StartOrder
from portal.extensions import db
from portal.models import CallbackEvent, StrayInstance
from portal.services.approval_rows import order_of
from tests.portal_world import World
from tests.services.story import approval_of, ask, audited, fault, follow, state_of


def order_for(world: World, number: str) -> StartOrder:
    """Return what the current attempt of a request sends."""
    return world.look(lambda: order_of(approval_of(number)))


def surface(world: World, order: StartOrder, **values: str) -> str:
    """Let DingTalk hold one more instance that was started with this order, and return its id."""
    with world.app.app_context():
        channel = world.services.approval_work.channels[ChannelName.DINGTALK]
        return channel.start(replace(order, values={**order.values, **values}))


def has_events(world: World, instance_id: str) -> None:
    """Wait until DingTalk has told of an instance."""
    world.work_until(
        lambda: db.session.query(CallbackEvent).filter_by(instance_id=instance_id).count() > 0, seconds=30
    )


def settle_all(world: World, *, rounds: int = 40) -> None:
    """Hear all that DingTalk tells, then let time pass until no event and no stray instance is left to do."""
    world.hear_everything()
    for _ in range(rounds):
        world.work()
        due_at = world.look(_next_due_at)
        if due_at is None:
            return
        world.let_pass(seconds=max(0.0, (due_at - world.clock.now()).total_seconds()) + 0.001)
    raise AssertionError("something is never settled")


def _next_due_at() -> datetime | None:
    dues = [db.session.scalar(select(db.func.min(table.due_at))) for table in (CallbackEvent, StrayInstance)]
    return min((each for each in dues if each is not None), default=None)


def stray_of(instance_id: str) -> StrayInstance:
    return db.session.scalars(select(StrayInstance).filter_by(instance_id=instance_id)).one()


def events_of(instance_id: str) -> set[tuple[str, str | None]]:
    """Return the states and reasons of all events of an instance."""
    rows = db.session.scalars(select(CallbackEvent).filter_by(instance_id=instance_id))
    return {(each.state, each.reason) for each in rows}


def let_withdrawals_through(world: World) -> None:
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})


def status_in_dingtalk(world: World, instance_id: str) -> str:
    return str(world.control("GET", f"/instances/{instance_id}")["status"])


def told_of_twin(number: str, instance_id: str) -> dict[str, Any]:
    """Return what the approval says about one twin."""
    incident = approval_of(number).incident or {}
    return dict(incident.get("twins", {}).get(instance_id, {}))


def declared_not_started(world: World) -> str:
    number = ask(world)
    fault(world, "http_500_before")
    follow(world, number, "could_not_start")
    return number


def assert_twin(world: World, number: str, instance_id: str, *, state: str, kept: str) -> None:
    """Check what is known of a twin, and that the approval is what it was."""
    with world.app.app_context():
        stray = stray_of(instance_id)
        assert (stray.state, stray.due_at, stray.approval.number) == (state, None, number)
        assert told_of_twin(number, instance_id)["state"] == state
        assert told_of_twin(number, instance_id)["url"]
        assert (state_of(number), approval_of(number).request.state) == (kept, kept)
        assert approval_of(number).instance_id != instance_id
        assert [entry.after["instance_id"] for entry in audited("instance.twin_found")] == [instance_id]
        assert [entry.subject_id for entry in audited(f"instance.{state}")] == [number]
