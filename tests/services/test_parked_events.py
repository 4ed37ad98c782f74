"""An event that cannot be sorted stops nobody, is parked with its reason, and an admin decides what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.database import transaction
from portal.extensions import db
from portal.models import CallbackEvent
from portal.services.events.event_inbox import RETRY_PAUSES
from portal.services.events.parked_events import LIST_LIMIT
from portal.services.faults import NotThere, Problem, ProblemReason
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.events_by_hand import keep_event, look_at, park_event
from tests.services.story import actor_named, audited, set_up, started, state_of
from tests.services.test_settings_changes import refused_audit

pytestmark = on_both_engines


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
    world.hear_everything()
    poison = keep_event(world, "poison", instance_id=instance_id, payload="{broken")
    let_retries_pass(world, poison)
    assert (look_at(world, poison).state, look_at(world, poison).reason) == (
        "parked",
        "broken:EventShapeError",
    )
    assert world.look(lambda: state_of(number)) == "approved"


def test_the_list_is_newest_first_and_goes_on_where_the_page_before_ended(world: World) -> None:
    ids = [park_event(world, f"event-{number}") for number in range(LIST_LIMIT + 3)]
    keep_event(world, "not parked")
    with world.app.app_context():
        parked = world.services.parked_events
        first = [each.event.id for each in parked.newest()]
        rest = [each.event.id for each in parked.newest(older_than=first[-1])]
    assert first + rest == ids[::-1]
    assert len(first) == LIST_LIMIT


def test_an_event_shows_the_request_whose_instance_it_is_about_by_now(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    theirs = park_event(world, "theirs", instance_id=instance_id)
    nobodys = park_event(world, "nobodys")
    with world.app.app_context():
        newest = world.services.parked_events.newest()
        assert [each.approval and each.approval.number for each in newest] == [None, number]
        viewed = world.services.parked_events.view(theirs)
        assert viewed.approval is not None
        assert viewed.approval.number == number
        assert world.services.parked_events.view(nobodys).approval is None
        with pytest.raises(NotThere):
            world.services.parked_events.view(nobodys + 1)


def test_an_event_tried_again_is_sorted_and_both_are_on_record(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    event_id = park_event(world, "again", instance_id=instance_id)
    with world.app.app_context():
        world.services.parked_events.try_again(actor_named("alice"), event_id)
    assert (look_at(world, event_id).state, look_at(world, event_id).attempts) == ("received", 0)
    world.work_until(lambda: db.session.get_one(CallbackEvent, event_id).state == "applied")
    assert world.look(lambda: state_of(number)) == "pending"
    entry = world.look(lambda: audited("event.tried_again"))[0]
    assert (entry.subject_id, entry.before["state"], entry.actor_name) == (
        str(event_id),
        "parked",
        "Alice Zhang 张爱丽",
    )


def test_an_ignored_event_is_settled_and_stays_known(world: World) -> None:
    world.client("alice")
    event_id = park_event(world, "ignored")
    with world.app.app_context():
        world.services.parked_events.ignore(actor_named("alice"), event_id)
    event = look_at(world, event_id)
    assert (event.state, event.reason, event.due_at) == ("ignored", "ignored_by_admin", None)
    assert event.settled_at is not None
    assert world.look(lambda: audited("event.ignored"))[0].before["reason"] == "unknown_instance"
    assert world.work() == 0


def test_all_shown_are_tried_again_but_only_those_still_parked(world: World) -> None:
    world.client("alice")
    ids = [park_event(world, f"event-{number}") for number in range(3)]
    other = park_event(world, "not shown")
    with world.app.app_context():
        world.services.parked_events.ignore(actor_named("alice"), ids[0])
        assert world.services.parked_events.try_all_again(actor_named("alice"), ids) == 2
    assert [look_at(world, each).state for each in (*ids, other)] == [
        "ignored",
        "received",
        "received",
        "parked",
    ]
    assert len(world.look(lambda: audited("event.tried_again"))) == 2


DECISIONS: dict[str, Callable[[World, int], None]] = {
    "event.tried_again": lambda world, event_id: world.services.parked_events.try_again(
        actor_named("alice"), event_id
    ),
    "event.ignored": lambda world, event_id: world.services.parked_events.ignore(
        actor_named("alice"), event_id
    ),
}


@pytest.mark.parametrize("action", DECISIONS)
def test_a_decision_and_its_audit_entry_are_kept_together_or_not_at_all(world: World, action: str) -> None:
    world.client("alice")
    event_id = park_event(world, "decided")
    with refused_audit(world), world.app.app_context(), pytest.raises(SQLAlchemyError):
        DECISIONS[action](world, event_id)
    assert look_at(world, event_id).state == "parked"
    with world.app.app_context():
        DECISIONS[action](world, event_id)
    assert len(world.look(lambda: audited(action))) == 1


@pytest.mark.parametrize("action", DECISIONS)
@pytest.mark.parametrize("state", ["received", "matched", "applied", "ignored"])
def test_what_is_no_longer_parked_is_left_alone_and_said_so(world: World, action: str, state: str) -> None:
    world.client("alice")
    event_id = keep_event(world, "busy", state=state)
    with world.app.app_context(), pytest.raises(Problem) as problem:
        DECISIONS[action](world, event_id)
    assert problem.value.reason == ProblemReason.EVENT_NOT_PARKED
    assert look_at(world, event_id).state == state
    assert world.look(lambda: audited(action)) == []
