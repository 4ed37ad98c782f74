"""What people do in DingTalk's OA reaches the portal: who is asked, what is told, and what counts in the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portal.channels.approval_channel import Record, RecordKind, Turn, TurnState
from portal.extensions import db
from portal.models import WorkNotice
from portal.rules.approval_state import ApprovalState
from portal.services.faults import NotThere, Problem
from portal.services.outcomes.approval_records import told_in
from portal.services.requests.request_search import Whose
from tests.portal_world import World
from tests.services.choosing_story import FINANCE, SELECT, ask_choosing, set_up_flow
from tests.services.oa_story import (
    CHEN,
    DORA,
    IRIS,
    KATE,
    act,
    asked_until,
    deciders,
    list_of,
    set_up_running,
    told,
)
from tests.services.story import (
    actor_named,
    approval_of,
    audited,
    calls,
    failure_of,
    fault,
    follow,
    instances,
    person_named,
    state_of,
    withdraw,
)

READ = "getProcessInstance"


@pytest.fixture
def running(world: World) -> tuple[World, str, str]:
    return set_up_running(world)


def test_a_countersigner_asked_afterwards_who_refuses_ends_it(running: tuple[World, str, str]) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "countersign_after", to=["dora"])
    asked_until(world, number, dora="waiting", chen="done")
    assert world.look(lambda: state_of(number)) == "pending"
    act(world, instance_id, "dora", "refuse", remark="too wide")
    follow(world, number, "rejected")
    page = world.client("bob").get(f"/requests/{number}").text
    assert f"{CHEN} asked {DORA} to countersign afterwards" in page
    assert f"{DORA} refused" in page
    assert f"Rejected by {DORA}" in page
    assert "too wide" in page


def test_somebody_whom_the_flow_names_stays_at_that_node_when_work_is_handed_over_to_them(
    world: World,
) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora")
    follow(world, number, "pending")
    (instance,) = instances(world)
    act(world, instance["instance_id"], "dora", "redirect", to=["kate"])
    asked_until(world, number, kate="waiting", dora="done")
    places = world.look(lambda: {each.user_id: each.node_name for each in approval_of(number).deciders})
    assert places == {"dora": "审批人", "kate": "财务"}


def test_several_countersigners_are_named_and_waited_for_together(running: tuple[World, str, str]) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "countersign_before", to=["dora", "kate"])
    asked_until(world, number, dora="waiting", kate="waiting")
    page = world.client("bob").get(f"/requests/{number}").text
    assert f"{CHEN} asked {DORA} and {KATE} to countersign before deciding" in page
    assert f"Waiting for {DORA} and {KATE}" in page
    assert f"Then it is the turn of {CHEN}" in page


def test_a_requester_who_countersigns_does_not_count_but_the_approver_does(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "countersign_before", to=["bob"])
    asked_until(world, number, bob="waiting")
    act(world, instance_id, "bob", "agree")
    act(world, instance_id, "chen", "agree")
    follow(world, number, "approved")
    assert world.look(lambda: approval_of(number).incident) is None


def test_an_approver_who_only_passes_it_to_the_requester_gives_nothing(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "redirect", to="bob")
    act(world, instance_id, "bob", "agree")
    follow(world, number, "approved")
    assert world.look(lambda: approval_of(number).incident["kind"]) == "self_approved"


def test_a_deputy_is_told_as_one_and_counts(running: tuple[World, str, str]) -> None:
    world, number, instance_id = running
    act(world, instance_id, "iris", "agree", instead_of="chen")
    follow(world, number, "approved")
    assert world.look(lambda: told(number))[1:] == [("deputy_agreed", IRIS, (CHEN,))]
    assert world.look(lambda: approval_of(number).incident) is None
    assert f"{IRIS} agreed in place of {CHEN}" in world.client("bob").get(f"/requests/{number}").text


def test_a_requester_acting_as_the_approvers_deputy_approves_nothing(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "bob", "agree", instead_of="chen")
    follow(world, number, "approved")
    assert world.look(lambda: approval_of(number).incident["kind"]) == "self_approved"


def test_what_is_sent_back_to_the_requester_waits_for_them_and_goes_on(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "send_back", remark="for how long?")
    asked_until(world, number, bob="waiting")
    act(world, instance_id, "bob", "resubmit")
    asked_until(world, number, chen="waiting")
    act(world, instance_id, "chen", "agree")
    follow(world, number, "approved")
    assert [(kind, who) for kind, who, _ in world.look(lambda: told(number))[1:]] == [
        ("sent_back", CHEN),
        ("submitted_again", "Bob Li 李博"),
        ("agreed", CHEN),
    ]


def test_an_administrator_who_ends_it_is_told_apart_from_a_withdrawal(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "alice", "terminate", remark="wrong form")
    follow(world, number, "terminated")
    page = world.client("bob").get(f"/requests/{number}").text
    assert "Ended in DingTalk by Alice Zhang 张爱丽" in page
    assert "wrong form" in page


def test_a_deleted_approval_gets_no_made_up_outcome_is_asked_about_rarely_and_can_be_closed(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "comment", remark="hm")
    act(world, instance_id, "chen", "redirect", to="iris")
    asked_until(world, number, iris="waiting")
    act(world, instance_id, "alice", "delete")
    world.work_until(lambda: failure_of(number).get("kind") == "instance_gone")
    world.hear_everything()
    reads = calls(world, READ)
    for _ in range(8):
        world.let_pass(hours=2)
        world.work()
    assert calls(world, READ) == reads
    assert world.look(lambda: state_of(number)) == "pending"

    bob = world.client("bob")
    page = bob.get(f"/requests/{number}").text
    assert "The approval no longer exists in DingTalk" in page
    assert "Waiting for" not in page
    assert "Open in DingTalk" not in page
    assert "Deleted in DingTalk" in bob.get("/requests").text
    assert list_of(world, "iris", Whose.TO_DECIDE) == []
    for person in ("chen", "dora"):
        world.client(person)
        with world.app.app_context(), pytest.raises(NotThere):
            world.services.gone_instances.close(actor_named(person), person_named(person), number)
    with world.app.app_context():
        world.services.gone_instances.close(actor_named("bob"), person_named("bob"), number)
    assert world.look(lambda: (state_of(number), deciders(number)["iris"])) == ("withdrawn", "done")
    assert world.look(lambda: approval_of(number).due_at) is None
    assert len(world.look(lambda: audited("request.closed_as_gone"))) == 1
    with world.app.app_context(), pytest.raises(Problem):
        world.services.gone_instances.close(actor_named("bob"), person_named("bob"), number)


def test_an_admin_closes_a_deleted_approval_as_ended_and_never_one_that_still_runs(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    with world.app.app_context(), pytest.raises(Problem):
        world.services.gone_instances.close(actor_named("alice"), person_named("alice"), number)
    act(world, instance_id, "chen", "redirect", to="iris")
    asked_until(world, number, iris="waiting")
    act(world, instance_id, "alice", "delete")
    world.work_until(lambda: bool(failure_of(number)))
    with world.app.app_context():
        world.services.gone_instances.close(actor_named("alice"), person_named("alice"), number)
    assert world.look(lambda: state_of(number)) == "terminated"


def test_a_withdrawal_that_the_template_forbids_ends_with_its_remedy_and_can_be_asked_again(
    running: tuple[World, str, str],
) -> None:
    world, number, _ = running
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    code = instances(world)[0]["process_code"]
    world.control("PATCH", f"/templates/{code}", {"requester_may_withdraw": False})
    world.let_pass(minutes=1)
    withdraw(world, number)
    world.work()
    with world.app.app_context():
        assert approval_of(number).withdrawal_requested_at is None
    page = world.client("bob").get(f"/requests/{number}").text
    assert "820008" in page
    assert "允许提交人撤销审批中的审批单" in page
    assert "Withdraw this request" in page

    world.control("PATCH", f"/templates/{code}", {"requester_may_withdraw": True})
    withdraw(world, number)
    follow(world, number, "withdrawn")


def test_placeholders_are_never_named_never_asked_and_approve_nothing(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    with world.app.app_context():
        approval_id = approval_of(number).id
        work = world.services.approval_work
        channel = AMadeUpChannel(work.channels["dingtalk"], instance_id)
        work.outcomes.read(approval_id, channel, instance_id)
        assert deciders(number) == {}
        assert [each.who for each in told_in(approval_of(number))] == ["", ""]
        assert state_of(number) == "approved"
        assert approval_of(number).incident["kind"] == "nobody_agreed"
        assert db.session.query(WorkNotice).all() == []  # or the requester would be told of an approval
        before = calls(world, "getUser")
        work.outcomes.read(approval_id, channel, instance_id)
        assert calls(world, "getUser") == before
    assert "V00_" not in (page := world.client("bob").get(f"/requests/{number}").text)
    assert "somebody_else" not in page
    assert "Nobody agreed to this request" in page


class AMadeUpChannel:
    """Reads what no sandbox shows: placeholders that agree, one of them with an id of no known kind."""

    def __init__(self, channel: Any, instance_id: str) -> None:
        self._reading = channel.read(instance_id)
        self.state = ApprovalState.APPROVED

    def read(self, _instance_id: str) -> Any:
        users = ("V00_1", "somebody_else")
        at = self._reading.records[0].occurred_at
        return replace(
            self._reading,
            state=self.state,
            records=tuple(
                Record(kind=RecordKind.AGREED, user_id=each, remark="", occurred_at=at, others=users)
                for each in users
            ),
            turns=tuple(
                Turn(user_id=each, node_name="", state=TurnState.WAITING, since=None) for each in users
            ),
        )


def test_what_counts_for_nothing_does_not_come_to_count_by_another_word_of_dingtalk(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    with world.app.app_context():
        approval_id, work = approval_of(number).id, world.services.approval_work
        channel = AMadeUpChannel(work.channels["dingtalk"], instance_id)
        for told_now in (ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.APPROVED):
            channel.state = told_now
            work.outcomes.read(approval_id, channel, instance_id)
        assert approval_of(number).incident["kind"] == "nobody_agreed"
    assert "it does not count and gives no access" in world.client("bob").get(f"/requests/{number}").text


def test_an_agreement_that_hangs_on_an_unanswered_question_waits_for_the_answer(
    running: tuple[World, str, str],
) -> None:
    """Whether ``somebody_else`` is a person only the directory knows, and it gives no answer."""
    world, number, instance_id = running
    with world.app.app_context():
        approval_id, work = approval_of(number).id, world.services.approval_work
        channel = AMadeUpChannel(work.channels["dingtalk"], instance_id)
        fault(world, "http_500_before", "getUser")
        work.outcomes.read(approval_id, channel, instance_id)
        assert (state_of(number), failure_of(number)["operation"]) == ("pending", "getUser")
        assert approval_of(number).due_at is not None
        work.outcomes.read(approval_id, channel, instance_id)
        assert approval_of(number).incident["kind"] == "nobody_agreed"
