"""Events are matched to approvals in whatever order they come, and what matches nothing is kept in sight."""

from __future__ import annotations

import time

from portal.extensions import db
from portal.models import CallbackEvent
from portal.services.events.event_inbox import RETRY_PAUSES
from portal.services.starting.stray_instances import READS_UNTIL_GONE
from tests.portal_world import CORP_ID, World
from tests.services.story import (
    approval_of,
    ask,
    calls,
    fault,
    instances,
    set_up,
    started,
    state_of,
)
from tests.services.stray_story import settle_all

KEY = "id:made-by-hand"


def send(world: World, **changes: object) -> None:
    """Let DingTalk send an event made by hand and wait until it is here."""
    payload = {
        "EventType": "bpms_instance_change",
        "eventId": "made-by-hand",
        "CorpId": CORP_ID,
        "processInstanceId": "nobody-knows",
        "type": "finish",
        **changes,
    }
    world.control("POST", "/events", {"payload": payload})
    world.work_until(lambda: db.session.query(CallbackEvent).filter_by(event_key=KEY).count() == 1)
    world.work()


def the_event() -> CallbackEvent:
    return db.session.query(CallbackEvent).filter_by(event_key=KEY).one()


def our_process_code(world: World) -> str:
    return str(world.control("GET", "/templates")["templates"][0]["process_code"])


def test_an_event_that_overtakes_our_own_commit_waits_and_is_applied(world: World) -> None:
    set_up(world)
    number = ask(world)
    with world.app.app_context():
        approval_id = approval_of(number).id
        work = world.services.approval_work
        order, attempt, _ = work._claim_start(approval_id)
        instance_id = work.channels["dingtalk"].start(order)
    send(world, processInstanceId=instance_id, processCode=order.process_code, result="agree")
    world.act(instance_id, "chen", "agree")
    with world.app.app_context():
        assert (the_event().state, the_event().approval_id) == ("received", None)

        channel = work.channels["dingtalk"]
        work.adoption.adopt(approval_id, channel, attempt=attempt, instance_id=instance_id)
    world.let_pass(seconds=2)
    world.work_until(lambda: state_of(number) == "approved")
    assert world.look(lambda: the_event().state) == "applied"


def test_an_event_wakes_a_search_for_the_instance_it_may_be_about(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "http_500_after_commit")
    world.work()
    assert world.look(lambda: state_of(number)) == "start_unknown"

    world.work_until(lambda: state_of(number) == "pending")
    assert world.clock.ahead.total_seconds() == 0
    assert len(instances(world)) == 1


def test_an_instance_that_dingtalk_denies_knowing_is_asked_for_and_its_event_parked_in_sight(
    world: World,
) -> None:
    set_up(world)
    send(world, processCode=our_process_code(world))
    settle_all(world)
    with world.app.app_context():
        assert (the_event().state, the_event().reason) == ("parked", "unknown_instance")
        assert (the_event().due_at, the_event().attempts) == (None, len(RETRY_PAUSES))
    assert calls(world, "getProcessInstance") == READS_UNTIL_GONE

    with world.app.app_context():
        world.services.event_inbox.try_again(the_event())
        db.session.commit()
        assert (the_event().state, the_event().attempts) == ("received", 0)
    settle_all(world)
    assert world.look(lambda: the_event().state) == "parked"
    assert calls(world, "getProcessInstance") == 2 * READS_UNTIL_GONE


def test_an_instance_is_not_asked_for_by_events_that_name_no_template(world: World) -> None:
    set_up(world)
    send(world)
    settle_all(world)
    assert world.look(lambda: (the_event().state, the_event().reason)) == ("parked", "unknown_instance")
    assert calls(world, "getProcessInstance") == 0


def test_events_of_other_templates_are_ignored(world: World) -> None:
    set_up(world)
    send(world, processCode="PROC-OF-SOMEBODY-ELSE")
    with world.app.app_context():
        assert (the_event().state, the_event().reason) == ("ignored", "foreign_template")


def test_events_of_unknown_types_are_kept_and_ignored(world: World) -> None:
    set_up(world)
    send(world, EventType="user_leave_org")
    with world.app.app_context():
        assert (the_event().state, the_event().reason) == ("ignored", "not_an_approval_event")
        assert "nobody-knows" in the_event().payload


def test_an_unknown_change_of_a_known_instance_is_only_a_reason_to_look(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    reads = calls(world, "getProcessInstance")
    send(world, processInstanceId=instance_id, type="something_new")
    world.work_until(lambda: the_event().state == "applied")
    assert world.look(lambda: state_of(number)) == "pending"
    assert calls(world, "getProcessInstance") == reads + 1


def test_an_event_that_claims_an_outcome_proves_nothing(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    send(world, processInstanceId=instance_id, type="finish", result="agree")
    world.work_until(lambda: the_event().state == "applied")
    assert world.look(lambda: state_of(number)) == "pending"


def test_events_that_wait_together_are_answered_by_one_read(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.hear_everything()
    reads = calls(world, "getProcessInstance")
    world.act(instance_id, "chen", "agree")
    while world.look(lambda: db.session.query(CallbackEvent).filter_by(state="received").count()) < 2:
        time.sleep(0.01)
    world.work_until(lambda: state_of(number) == "approved")
    assert calls(world, "getProcessInstance") == reads + 1
