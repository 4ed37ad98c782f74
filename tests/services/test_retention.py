"""Raw events go after a while; what waits stays whole, and what went is still known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.extensions import db
from portal.models import CallbackEvent
from portal.services.events.payload_retention import BATCH, UNTIL_NEXT_BATCH, UNTIL_NEXT_LOOK
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.work.chores import ChoreName
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.events_by_hand import keep_event, look_at, park_event
from tests.services.story import actor_named, audited, set_up, started, state_of
from tests.web.callbacks.calling import event, post_event

pytestmark = on_both_engines
DAYS = 30


def prune(world: World) -> timedelta:
    with world.app.app_context():
        return world.services.chores.tasks[ChoreName.PRUNE_PAYLOADS]()


def settled(world: World, key: str, *, days_ago: float, state: str = "applied") -> int:
    at = world.clock.now() - timedelta(days=days_ago)
    return keep_event(world, key, state=state, due_at=None, received_at=at, settled_at=at)


def set_days(world: World, days: int | None) -> None:
    with world.app.app_context():
        settings = world.services.approval_settings
        settings.keep_payloads_for(
            actor_named("alice"), days=days, version=world.services.approval_settings.current().version
        )


def test_only_settled_events_past_their_days_lose_their_payload(world: World) -> None:
    old = [settled(world, state, days_ago=DAYS + 0.1, state=state) for state in ("applied", "ignored")]
    long_ago = world.clock.now() - timedelta(days=400)
    kept = [
        settled(world, "young", days_ago=DAYS - 0.1),
        park_event(world, "parked", received_at=long_ago),
        keep_event(world, "waiting", received_at=long_ago, due_at=long_ago),
        keep_event(world, "matched", received_at=long_ago, state="matched", due_at=None),
    ]
    prune(world)
    assert [look_at(world, each).payload for each in old] == ["", ""]
    assert all(look_at(world, each).payload for each in kept)
    one = look_at(world, old[0])
    assert (one.event_key, one.event_type, one.state) == ("applied", "bpms_instance_change", "applied")
    assert one.settled_at is not None


def test_an_event_settled_long_after_it_came_is_kept_from_then_on(world: World) -> None:
    world.client("alice")
    event_id = park_event(world, "old", received_at=world.clock.now() - timedelta(days=400))
    with world.app.app_context():
        world.services.parked_events.ignore(actor_named("alice"), event_id)
    prune(world)
    assert look_at(world, event_id).payload
    world.let_pass(days=DAYS, seconds=1)
    prune(world)
    assert look_at(world, event_id).payload == ""


def test_a_pruned_event_that_comes_again_is_still_known(world: World) -> None:
    message = event()
    post_event(world, message)
    world.work()
    world.let_pass(days=DAYS + 1)
    prune(world)
    assert post_event(world, message).status_code == 200
    rows = world.look(lambda: db.session.query(CallbackEvent).all())
    assert [(row.payload, row.state) for row in rows] == [("", "ignored")]


def test_pruned_events_of_an_approval_disturb_neither_its_outcome_nor_its_contradiction(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    world.hear_everything()
    world.work_until(lambda: db.session.query(CallbackEvent).filter_by(settled_at=None).count() == 0)
    world.let_pass(days=DAYS + 1)
    prune(world)
    assert set(world.look(lambda: db.session.scalars(db.select(CallbackEvent.payload)).all())) == {""}
    emptied = keep_event(world, "emptied", instance_id=instance_id, payload="")
    post_event(world, event(processInstanceId=instance_id, type="finish", result="refuse"))
    world.hear_everything()
    world.work_until(lambda: db.session.query(CallbackEvent).filter_by(settled_at=None).count() == 0)
    assert look_at(world, emptied).state == "applied"
    assert world.look(lambda: state_of(number)) == "approved"


def test_pruning_goes_on_in_batches_until_nothing_is_left(world: World) -> None:
    at = world.clock.now() - timedelta(days=DAYS + 1)
    with world.app.app_context():
        rows = [
            {
                "event_key": f"old-{number}",
                "event_type": "x",
                "owner_key_kind": "app_key",
                "payload": "{}",
                "received_at": at,
                "settled_at": at,
                "state": "ignored",
                "attempts": 0,
            }
            for number in range(BATCH + 1)
        ]
        db.session.execute(db.insert(CallbackEvent), rows)
        db.session.commit()
    assert prune(world) == UNTIL_NEXT_BATCH
    assert prune(world) == UNTIL_NEXT_LOOK
    assert world.look(lambda: db.session.query(CallbackEvent).filter(text("payload <> ''")).count()) == 0


def test_the_worker_prunes_by_itself(world: World) -> None:
    event_id = settled(world, "old", days_ago=DAYS + 1)
    with world.app.app_context():
        world.services.chores.plan()
    world.work_until(lambda: db.session.get_one(CallbackEvent, event_id).payload == "")


def test_looking_for_old_payloads_reads_an_index_and_not_the_table(world: World) -> None:
    seen: list[tuple[str, object]] = []
    with world.app.app_context():
        note = lambda *call: seen.append((call[2], call[3]))  # noqa: E731
        db.event.listen(db.engine, "before_cursor_execute", note)
        prune(world)
        db.event.remove(db.engine, "before_cursor_execute", note)
        search, values = next(each for each in seen if "payload <> ''" in each[0])
        with db.engine.connect() as connection:
            explain = "EXPLAIN QUERY PLAN"
            if not world.settings.is_sqlite:
                # So small a table it would rather read whole and sort, and is right to.
                for way in ("seqscan", "bitmapscan", "sort"):
                    connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
                explain = "EXPLAIN"
            plan = str(connection.exec_driver_sql(f"{explain} {search}", values).all())
    assert "ix_portal_callback_event_prunable" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_the_days_are_what_an_admin_says_and_on_record(world: World) -> None:
    world.client("alice")
    event_id = settled(world, "a week old", days_ago=7)
    set_days(world, 8)
    prune(world)
    assert look_at(world, event_id).payload
    set_days(world, 6)
    prune(world)
    assert look_at(world, event_id).payload == ""
    entry = world.look(lambda: audited("approval_settings.retention_set"))[-1]
    assert (entry.before, entry.after) == ({"payload_kept_days": 8}, {"payload_kept_days": 6})


@pytest.mark.parametrize("days", [None, 0, -1, 3651, 10**9])
def test_days_out_of_range_are_refused(world: World, days: int | None) -> None:
    world.client("alice")
    with pytest.raises(FieldFault) as fault:
        set_days(world, days)
    assert (fault.value.field, fault.value.facts) == ("payload_kept_days", {"first": "1", "last": "3650"})
    assert world.look(lambda: world.services.approval_settings.current().payload_kept_days) == 30


def test_days_set_over_another_admins_save_are_refused(world: World) -> None:
    world.client("alice")
    set_days(world, 10)
    with world.app.app_context(), pytest.raises(Problem) as problem:
        world.services.approval_settings.keep_payloads_for(actor_named("alice"), days=5, version=1)
    assert problem.value.reason == ProblemReason.SETTINGS_CHANGED
    assert world.look(lambda: world.services.approval_settings.current().payload_kept_days) == 10
