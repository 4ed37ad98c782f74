"""A requester takes a request back, at every moment of its life; DingTalk has the last word."""

from __future__ import annotations

import pytest

from portal.channels.failures import Failure, Retry
from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.outcomes.running_approvals import WITHDRAWAL_GIVES_UP_AFTER
from tests.portal_world import World
from tests.services.story import (
    approval_of,
    ask,
    audited,
    calls,
    failure_of,
    fault,
    follow,
    instances,
    set_up,
    started,
    state_of,
    try_again,
    wait_for_due,
    withdraw,
)

START, TERMINATE = "startProcessInstance", "terminateProcessInstance"


def let_withdrawals_through(world: World) -> None:
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})


def test_a_request_withdrawn_before_its_start_is_never_started(world: World) -> None:
    set_up(world)
    number = ask(world)
    withdraw(world, number)

    world.work()
    with world.app.app_context():
        approval = approval_of(number)
        assert (approval.state, approval.request.state, approval.due_at) == ("withdrawn", "withdrawn", None)
        assert approval.closed_at is not None
        assert approval.request.closed_at is not None
    assert instances(world) == []


@pytest.mark.parametrize("was_made", [True, False])
def test_a_request_withdrawn_while_nobody_knows_whether_it_started_ends_withdrawn(
    world: World, was_made: bool
) -> None:
    set_up(world)
    let_withdrawals_through(world)
    number = ask(world)
    fault(world, "http_500_after_commit" if was_made else "http_500_before")
    world.work()
    assert world.look(lambda: state_of(number)) == "start_unknown"

    withdraw(world, number)
    assert world.look(lambda: state_of(number)) == "start_unknown"
    follow(world, number, "withdrawn")

    assert calls(world, START) == 1
    assert [each["status"] for each in instances(world)] == (["TERMINATED"] if was_made else [])
    with world.app.app_context():
        assert approval_of(number).request.state == "withdrawn"
        assert [entry.after["state"] for entry in audited("approval.outcome")] == ["withdrawn"]


def test_a_request_withdrawn_while_its_start_is_throttled_is_withdrawn_with_its_entry(world: World) -> None:
    set_up(world)
    number = ask(world)
    with world.app.app_context():
        work = world.services.approval_work
        approval_id = approval_of(number).id
        _, attempt, _ = work._claim_start(approval_id)
    withdraw(world, number)
    with world.app.app_context():
        work._start_failed(approval_id, attempt, Failure(kind="throttled", retry=Retry.RETRYABLE))
        assert (state_of(number), approval_of(number).request.state) == ("withdrawn", "withdrawn")
        assert failure_of(number) == {}
        assert [entry.before["state"] for entry in audited("approval.outcome")] == ["submitted"]
    assert instances(world) == []


def test_a_withdrawal_in_the_first_15_seconds_waits_and_then_ends_the_instance(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    withdraw(world, number)
    world.work()
    assert calls(world, TERMINATE) == 0
    assert world.look(lambda: state_of(number)) == "pending"

    let_withdrawals_through(world)
    wait_for_due(world, number)
    world.work()
    follow(world, number, "withdrawn")
    assert calls(world, TERMINATE) == 1
    assert [each["status"] for each in instances(world)] == ["TERMINATED"]


def test_a_withdrawal_that_dingtalk_still_finds_too_early_is_repeated(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    world.let_pass(minutes=1)
    withdraw(world, number)
    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)) == ("pending", {})
        assert approval_of(number).withdrawal_requested_at is not None
    assert calls(world, TERMINATE) == 1

    let_withdrawals_through(world)
    follow(world, number, "withdrawn")


def test_a_withdrawal_that_never_goes_through_is_given_up_and_can_be_asked_again(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    withdraw(world, number)
    began_at = world.clock.now()
    while world.look(lambda: approval_of(number).withdrawal_requested_at):
        wait_for_due(world, number)
        world.let_pass(minutes=1)
        world.work()
        assert world.clock.now() - began_at < 2 * WITHDRAWAL_GIVES_UP_AFTER
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("pending", "instance_state")
        assert [entry.after["failure"] for entry in audited("withdrawal.refused")] == ["instance_state"]

    let_withdrawals_through(world)
    withdraw(world, number)
    follow(world, number, "withdrawn")
    assert world.look(lambda: failure_of(number)) == {}


def test_a_template_that_forbids_withdrawal_leaves_the_request_pending_and_says_so(world: World) -> None:
    set_up(world)
    let_withdrawals_through(world)
    number, instance_id = started(world)
    code = instances(world)[0]["process_code"]
    world.control("PATCH", f"/templates/{code}", {"requester_may_withdraw": False})
    world.let_pass(minutes=1)

    withdraw(world, number)
    world.work()

    with world.app.app_context():
        approval = approval_of(number)
        assert (approval.state, failure_of(number)["kind"]) == ("pending", "withdrawal_refused")
        assert approval.withdrawal_requested_at is None
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    assert world.look(lambda: failure_of(number)) == {}


@pytest.mark.parametrize(("action", "outcome"), [("agree", "approved"), ("refuse", "rejected")])
def test_a_decision_that_overtakes_the_withdrawal_stands(world: World, action: str, outcome: str) -> None:
    set_up(world)
    let_withdrawals_through(world)
    number, instance_id = started(world)
    withdraw(world, number)
    world.act(instance_id, "chen", action)

    follow(world, number, outcome)
    assert world.look(lambda: approval_of(number).request.state) == outcome


@pytest.mark.parametrize(("who", "outcome"), [("bob", "withdrawn"), ("alice", "terminated")])
def test_an_instance_ended_in_dingtalk_is_withdrawn_only_when_the_requester_ended_it(
    world: World, who: str, outcome: str
) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, who, "withdraw", "no longer needed")
    world.work_until(lambda: state_of(number) == outcome)


def test_withdrawing_twice_is_told(world: World) -> None:
    set_up(world)
    let_withdrawals_through(world)
    number, _ = started(world)
    withdraw(world, number)
    with pytest.raises(Problem) as twice:
        withdraw(world, number)
    assert twice.value.reason == ProblemReason.ALREADY_WITHDRAWING
    assert len(world.look(lambda: audited("request.withdrawal_asked"))) == 1

    follow(world, number, "withdrawn")
    with pytest.raises(Problem) as late:
        withdraw(world, number)
    assert late.value.reason == ProblemReason.ALREADY_CLOSED


@pytest.mark.parametrize("who", ["alice", "chen"])
def test_nobody_withdraws_or_restarts_the_request_of_another(world: World, who: str) -> None:
    set_up(world)
    world.client("chen")
    number, _ = started(world)
    with pytest.raises(NotThere):
        withdraw(world, number, who=who)
    with pytest.raises(NotThere):
        try_again(world, number, who=who)


def test_what_could_not_start_can_be_withdrawn_and_not_tried_again(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "permission_missing")
    world.work()
    withdraw(world, number)
    assert world.look(lambda: state_of(number)) == "withdrawn"
    with pytest.raises(Problem) as late:
        try_again(world, number)
    assert late.value.reason == ProblemReason.NOT_RETRYABLE
