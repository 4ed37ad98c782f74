"""A person and the worker change the same request at the same moment: both changes are kept, nobody sees an error."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
import requests
from sqlalchemy import select, update

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval
from portal.rules.approval_state import is_final
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.events_by_hand import park_event
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    audited,
    calls,
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
from tests.services.together import DONE, at_once

pytestmark = on_both_engines
REMARK = "written by the worker"
# Once may be no race: the long suite goes round often enough to meet it.
ROUNDS = [0, *(pytest.param(number, marks=pytest.mark.slow) for number in range(1, 8))]


def worker_writes(world: World, number: str, *, has_begun: threading.Event) -> None:
    """Do as the worker does: take the approval, then change it and its request."""
    with world.app.app_context():
        approval_id = approval_of(number).id
        with transaction() as session:
            approval = session.scalars(
                select(Approval).where(Approval.id == approval_id).with_for_update(of=Approval)
            ).one()
            has_begun.set()
            time.sleep(0.4)
            approval.instance_url = REMARK
            session.flush()
            session.execute(update(AccessRequest).where(AccessRequest.number == number).values(reason=REMARK))


@pytest.mark.parametrize("does", [withdraw, try_again])
def test_a_person_who_acts_while_the_worker_writes_waits_and_succeeds(world: World, does: object) -> None:
    set_up(world)
    if does is withdraw:
        number, _ = started(world)
    else:
        number = ask(world)
        fault(world, "permission_missing")
        follow(world, number, "could_not_start")
    has_begun = threading.Event()
    worker = threading.Thread(target=worker_writes, args=(world, number), kwargs={"has_begun": has_begun})
    worker.start()
    assert has_begun.wait(30)
    does(world, number)  # type: ignore[operator]
    worker.join(10)

    with world.app.app_context():
        approval = approval_of(number)
        assert (approval.instance_url, approval.request.reason) == (REMARK, REMARK)
        if does is withdraw:
            assert approval.withdrawal_requested_at is not None
        else:
            assert approval.state == "submitted"


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_form_sent_several_times_at_the_same_moment_is_one_request(world: World, round_: int) -> None:
    set_up(world)
    numbers: list[str] = []
    at_once(world, *[lambda: numbers.append(ask(world, submission_key="same"))] * 4)
    assert len(numbers) == 4
    assert len(set(numbers)) == 1
    assert world.look(lambda: db.session.query(AccessRequest).count()) == 1
    work_off(world)
    assert len(instances(world)) == 1


def test_different_forms_for_one_resource_at_the_same_moment_are_a_request_each(world: World) -> None:
    set_up(world)
    numbers: list[str] = []
    at_once(world, *[lambda: numbers.append(ask(world))] * 4)
    assert len(set(numbers)) == 4
    work_off(world)
    assert len(instances(world)) == 4


@pytest.mark.parametrize("round_", ROUNDS)
def test_of_two_withdrawals_at_the_same_moment_one_counts_and_the_other_is_told(
    world: World, round_: int
) -> None:
    set_up(world)
    pending, _ = started(world)
    waiting = ask(world)
    for number, told in ((pending, "already_withdrawing"), (waiting, "already_closed")):
        verdicts = at_once(world, *[partial(withdraw, world, number)] * 3)
        assert sorted(verdicts) == sorted([DONE, told, told])
    asked = [entry.subject_id for entry in world.look(lambda: audited("request.withdrawal_asked"))]
    assert sorted(asked) == sorted([pending, waiting])


@pytest.mark.parametrize("round_", ROUNDS)
@pytest.mark.parametrize("decision", ["agree", "refuse"])
def test_a_decision_that_races_a_withdrawal_leaves_one_outcome_and_it_is_dingtalks(
    world: World, decision: str, round_: int
) -> None:
    set_up(world)
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    number, instance_id = started(world)
    world.let_pass(seconds=20)

    def decide() -> None:
        try:
            world.act(instance_id, "chen", decision)
        except requests.HTTPError as error:
            if error.response.status_code != 409:  # the withdrawal was faster in DingTalk
                raise

    def leave() -> None:
        withdraw(world, number)
        world.work()

    verdicts = at_once(world, decide, leave, world.work)
    assert set(verdicts) <= {DONE, "already_closed"}
    follow_to_the_end(world, number)
    (instance,) = instances(world)
    truth = {"agree": "approved", "refuse": "rejected"}
    expected = "withdrawn" if instance["status"] == "TERMINATED" else truth[decision]
    assert world.look(lambda: state_of(number)) == expected
    assert len(world.look(lambda: audited("approval.outcome"))) == 1
    assert world.look(lambda: approval_of(number).incident) is None


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_withdrawal_that_races_the_start_leaves_nothing_running(world: World, round_: int) -> None:
    set_up(world)
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    number = ask(world)
    verdicts = at_once(world, partial(withdraw, world, number), world.work, world.work)
    assert verdicts == [DONE] * 3
    follow_to_the_end(world, number)
    assert world.look(lambda: state_of(number)) == "withdrawn"
    assert [each["status"] for each in instances(world)] in ([], ["TERMINATED"])
    assert len(instances(world)) == calls(world, "startProcessInstance")


@pytest.mark.parametrize("round_", ROUNDS)
def test_try_again_pressed_by_two_at_the_same_moment_starts_once(world: World, round_: int) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "permission_missing")
    follow(world, number, "could_not_start")
    verdicts = at_once(world, *[partial(try_again, world, number)] * 3)
    assert sorted(verdicts) == sorted([DONE, "not_retryable", "not_retryable"])
    follow(world, number, "pending")
    assert len(instances(world)) == 1


@pytest.mark.parametrize("round_", ROUNDS)
def test_try_again_that_races_a_withdrawal_ends_withdrawn(world: World, round_: int) -> None:
    set_up(world)
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    number = ask(world)
    fault(world, "permission_missing")
    follow(world, number, "could_not_start")
    verdicts = at_once(world, partial(try_again, world, number), partial(withdraw, world, number), world.work)
    assert verdicts[0] in (DONE, "not_retryable")
    assert verdicts[1:] == [DONE, DONE]
    follow_to_the_end(world, number)
    assert world.look(lambda: state_of(number)) == "withdrawn"
    assert [each["status"] for each in instances(world)] in ([], ["TERMINATED"])


DECIDE_ABOUT_EVENT = {
    "try again": lambda world, event_id: world.services.parked_events.try_again(
        actor_named("alice"), event_id
    ),
    "ignore": lambda world, event_id: world.services.parked_events.ignore(actor_named("alice"), event_id),
}


@pytest.mark.parametrize("round_", ROUNDS)
@pytest.mark.parametrize("other", DECIDE_ABOUT_EVENT)
def test_of_two_decisions_about_a_parked_event_one_counts_and_the_other_is_told(
    world: World, other: str, round_: int
) -> None:
    world.client("alice")
    event_id = park_event(world, "parked")
    verdicts = at_once(
        world,
        partial(DECIDE_ABOUT_EVENT["try again"], world, event_id),
        partial(DECIDE_ABOUT_EVENT[other], world, event_id),
        world.work,
    )
    assert sorted(verdicts[:2]) == [DONE, "event_not_parked"]
    entries = world.look(lambda: [*audited("event.tried_again"), *audited("event.ignored")])
    assert len(entries) == 1


def test_lists_tried_again_at_the_same_moment_take_each_event_once(world: World) -> None:
    world.client("alice")
    ids = [park_event(world, f"event-{number}") for number in range(10)]
    taken: list[int] = []

    def try_all(chosen: list[int]) -> None:
        taken.append(world.services.parked_events.try_all_again(actor_named("alice"), chosen))

    at_once(world, partial(try_all, ids), partial(try_all, ids[::-1]), partial(try_all, ids[3:]))
    assert sum(taken) == len(ids)
    assert len(world.look(lambda: audited("event.tried_again"))) == len(ids)


def work_off(world: World) -> None:
    while world.work():
        pass


def follow_to_the_end(world: World, number: str) -> None:
    """Work, letting time pass to when it is due next, until the approval is over."""
    for _ in range(40):
        world.work()
        if world.look(lambda: is_final(state_of(number))):
            return
        wait_for_due(world, number)
    raise AssertionError(f"{number} is still {world.look(lambda: state_of(number))}")


def test_workers_that_take_due_work_together_take_each_once(world: World) -> None:
    set_up(world)
    numbers = [ask(world) for _ in range(6)]
    together, taken = threading.Barrier(3), []

    def work() -> None:
        together.wait(30)
        with world.app.app_context():
            world.services.due_work.take(limit=4, hand_over=lambda _, due: taken.append(due.key))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert len(taken) == len(set(taken)) == len(numbers)


def test_many_requests_worked_off_by_three_workers_have_one_instance_each(world: World) -> None:
    set_up(world)
    numbers = [ask(world) for _ in range(6)]
    workers = [threading.Thread(target=world.work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    world.work()
    assert [world.look(lambda n=number: state_of(n)) for number in numbers] == ["pending"] * len(numbers)
    assert len(instances(world)) == len(numbers)
