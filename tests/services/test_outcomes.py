"""An outcome is what DingTalk's detail says, whatever events came, and it is applied once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, CallbackEvent
from portal.services.outcomes.approval_records import told_in
from portal.services.work.retry_pauses import QUOTA_PAUSE
from tests.portal_world import World
from tests.services.story import (
    approval_of,
    audited,
    calls,
    failure_of,
    fault,
    follow,
    set_up,
    started,
    state_of,
    wait_for_due,
)

READ = "getProcessInstance"


def test_an_approval_is_approved_only_when_it_is_completed_and_agreed(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "comment", "let me see")
    world.act(instance_id, "chen", "redirect", "please you", to="iris")
    world.work_until(lambda: len(approval_of(number).records) >= 3)
    assert world.look(lambda: state_of(number)) == "pending"

    world.act(instance_id, "iris", "agree", "fine 👍")
    world.work_until(lambda: state_of(number) == "approved")
    with world.app.app_context():
        told = [(each.kind, each.who, each.others, each.remark) for each in told_in(approval_of(number))]
    assert told[1:] == [
        ("commented", "Chen Wei 陈伟", (), "let me see"),
        ("handed_over", "Chen Wei 陈伟", ("Iris He 何静",), "please you"),
        ("agreed", "Iris He 何静", (), "fine 👍"),
    ]


def test_the_same_outcome_told_twice_changes_nothing(world: World) -> None:
    set_up(world)
    fault(world, "duplicate_event", "bpms_instance_change", count=2)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    before = world.look(lambda: approval_of(number).closed_at)
    work = world.services.approval_work
    with world.app.app_context():
        approval = approval_of(number)
        channel = work.channels[approval.channel]
        work.outcomes.read(approval.id, channel, instance_id)

    with world.app.app_context():
        assert approval_of(number).closed_at == before
        assert approval_of(number).incident is None
        assert len(audited("approval.outcome")) == 1


def test_a_contradiction_after_the_end_is_an_incident_and_the_state_stays(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    with world.app.app_context(), transaction() as session:
        session.execute(update(Approval).values(state="rejected", due_at=None, closed_at=world.clock.now()))
        session.execute(update(AccessRequest).values(state="rejected", closed_at=world.clock.now()))

    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: approval_of(number).incident is not None)
    world.act(instance_id, "chen", "comment", "and again")
    world.hear_everything()
    world.work_until(lambda: approval_of(number).due_at is None)

    with world.app.app_context():
        approval = approval_of(number)
        assert (approval.state, approval.request.state) == ("rejected", "rejected")
        assert (approval.incident["kind"], approval.incident["told"]) == ("contradiction", "approved")
        assert len(audited("incident.contradiction")) == 1


def test_a_contradiction_that_cannot_be_read_is_not_asked_for_every_minute(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    with world.app.app_context(), transaction() as session:
        session.execute(update(Approval).values(state="rejected", due_at=None, closed_at=world.clock.now()))
        session.execute(update(AccessRequest).values(state="rejected", closed_at=world.clock.now()))
    world.control("PUT", "/permissions", {"Workflow.Instance.Read": False})
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: calls(world, READ) == 1)

    for _ in range(6):
        world.let_pass(minutes=1)
        world.work()
    assert calls(world, READ) <= 2
    assert world.look(lambda: failure_of(number)) == {}

    world.control("PUT", "/permissions", {"Workflow.Instance.Read": True})
    world.let_pass(hours=1)
    world.work_until(lambda: approval_of(number).incident is not None)
    assert world.look(lambda: approval_of(number).due_at) is None


def test_events_after_the_end_that_tell_nothing_new_cost_no_call(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    world.work_until(lambda: not waiting_events())
    reads = calls(world, READ)
    replay(world, "finish", instance_id, result="agree")

    world.work_until(lambda: db.session.query(CallbackEvent).filter_by(event_key="id:again").count() == 1)
    world.work_until(lambda: not waiting_events())
    assert calls(world, READ) == reads


def test_a_requester_who_agrees_to_their_own_request_makes_an_incident(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "redirect", "decide yourself", to="bob")
    world.act(instance_id, "bob", "agree")
    world.work_until(lambda: state_of(number) == "approved")

    with world.app.app_context():
        assert approval_of(number).incident["kind"] == "self_approved"
        assert len(audited("incident.self_approved")) == 1


@pytest.mark.parametrize("name", ["http_500_before", "html_body", "reset_before", "throttle_qps"])
def test_an_instance_that_cannot_be_read_is_read_again(world: World, name: str) -> None:
    set_up(world)
    number, instance_id = started(world)
    fault(world, name, READ, count=2)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: bool(failure_of(number)))
    assert world.look(lambda: state_of(number)) == "pending"

    follow(world, number, "approved")
    assert world.look(lambda: (failure_of(number), waiting_events())) == ({}, [])


def test_a_missing_permission_to_read_keeps_it_pending_and_says_why_until_it_is_given(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.control("PUT", "/permissions", {"Workflow.Instance.Read": False})
    world.act(instance_id, "chen", "comment", "one moment")
    replay(world, "comment", instance_id)
    world.work_until(lambda: bool(failure_of(number)))
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("pending", "permission_missing")
        assert failure_of(number)["required_scopes"] == ["Workflow.Instance.Read"]
        assert approval_of(number).due_at - world.clock.now() > timedelta(minutes=4)

    world.control("PUT", "/permissions", {"Workflow.Instance.Read": True})
    wait_for_due(world, number)
    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number), approval_of(number).retries) == ("pending", {}, 0)


def test_a_used_up_quota_is_not_hammered_with_reads(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    fault(world, "quota_exhausted", READ)
    replay(world, "comment", instance_id)
    world.work_until(lambda: bool(failure_of(number)))
    waits = world.look(lambda: approval_of(number).due_at) - world.clock.now()
    assert waits > QUOTA_PAUSE - timedelta(minutes=1)


def test_a_lost_event_is_made_up_for_by_looking(world: World) -> None:
    set_up(world)
    fault(world, "lost_event", "*", count=10)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")

    follow(world, number, "approved")
    assert world.look(lambda: db.session.query(CallbackEvent).count()) == 0


def test_an_approval_that_is_over_is_never_due_again(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "refuse")
    world.work_until(lambda: state_of(number) == "rejected")
    world.work_until(lambda: not waiting_events())
    for _ in range(2):  # the notice is sent, then asked about
        world.work()
        world.let_pass(minutes=2)
    world.work()
    world.let_pass(days=4)
    assert world.look(lambda: approval_of(number).due_at) is None
    assert world.work() == 0


def replay(world: World, kind: str, instance_id: str, **more: str) -> None:
    """Send an event of an instance by hand."""
    payload = {
        "EventType": "bpms_instance_change",
        "eventId": "again",
        "CorpId": world.settings.initial_binding.corp_id,
        "processInstanceId": instance_id,
        "type": kind,
        **more,
    }
    world.control("POST", "/events", {"payload": payload})


def waiting_events() -> list[CallbackEvent]:
    return [each for each in db.session.query(CallbackEvent) if each.state in ("received", "matched")]
