"""An event that cannot be sorted stops nobody, is parked with its reason, and an admin decides what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from portal.database import transaction
from portal.extensions import db
from portal.models import CallbackEvent
from portal.services.event_inbox import RETRY_PAUSES
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import set_up, started, state_of

pytestmark = on_both_engines


def keep_event(world: World, key: str, **columns: object) -> int:
    """Put an event into the inbox as intake does, and return its id."""
    now = world.clock.now()
    given = {
        "event_key": key,
        "event_type": "bpms_instance_change",
        "kind": "finish",
        "instance_id": f"instance-{key}",
        "owner_key_kind": "app_key",
        "payload": json.dumps({"EventType": "bpms_instance_change", "eventId": key}),
        "received_at": now,
        "state": "received",
        "due_at": now,
        **columns,
    }
    with world.app.app_context(), transaction() as session:
        event = CallbackEvent(**given)
        session.add(event)
        session.flush()
        return event.id


def look_at(world: World, event_id: int) -> CallbackEvent:
    return world.look(lambda: db.session.get_one(CallbackEvent, event_id))  # type: ignore[no-any-return]


@contextmanager
def cannot_be_matched(world: World, event_id: int) -> Iterator[None]:
    """Let the database refuse the very change that sorting this event would make."""
    if world.settings.is_sqlite:
        begin = (
            "CREATE TRIGGER unmatched BEFORE UPDATE OF approval_id ON portal_callback_event "
            f"WHEN NEW.id = {event_id} BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        end = "DROP TRIGGER unmatched"
    else:
        begin = (
            "ALTER TABLE portal_callback_event ADD CONSTRAINT unmatched "
            f"CHECK (id <> {event_id} OR approval_id IS NULL)"
        )
        end = "ALTER TABLE portal_callback_event DROP CONSTRAINT unmatched"
    run(world, begin)
    try:
        yield
    finally:
        run(world, end)


def run(world: World, statement: str) -> None:
    with world.app.app_context(), transaction() as session:
        session.execute(text(statement))


def let_retries_pass(world: World, event_id: int) -> None:
    for _ in range(len(RETRY_PAUSES) + 1):
        world.work()
        due_at = look_at(world, event_id).due_at
        if due_at is None:
            return
        world.let_pass(seconds=max(0.0, (due_at - world.clock.now()).total_seconds()) + 0.01)
    world.work()


def test_an_event_that_cannot_be_sorted_does_not_stop_the_others_and_is_parked_with_its_reason(
    world: World,
) -> None:
    set_up(world)
    _, instance_id = started(world)
    world.work()
    before = keep_event(world, "before", event_type="user_leave_org")
    poison = keep_event(world, "poison", instance_id=instance_id)
    after = keep_event(world, "after", event_type="user_leave_org")
    with cannot_be_matched(world, poison):
        world.work()
        assert [look_at(world, each).state for each in (before, poison, after)] == [
            "ignored",
            "received",
            "ignored",
        ]
        let_retries_pass(world, poison)
        parked = look_at(world, poison)
        assert (parked.state, parked.reason, parked.due_at) == ("parked", "broken:IntegrityError", None)
        assert world.work() == 0
    assert look_at(world, poison).payload


def test_a_stored_event_that_no_longer_reads_is_parked_too(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    world.work_until(lambda: db.session.query(CallbackEvent).filter_by(state="received").count() == 0)
    poison = keep_event(world, "poison", instance_id=instance_id, payload="{broken")
    let_retries_pass(world, poison)
    assert (look_at(world, poison).state, look_at(world, poison).reason) == (
        "parked",
        "broken:EventShapeError",
    )
    assert world.look(lambda: state_of(number)) == "approved"
