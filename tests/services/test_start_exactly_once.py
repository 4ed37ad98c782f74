"""DingTalk's create call has no idempotency key: whatever happens to it, one request has at most one instance."""

from __future__ import annotations

import threading

import pytest

from portal.channels.approval_channel import ChannelName
from portal.extensions import db
from portal.services.approval_rows import order_of
from portal.services.approval_work import RESOLVE_PAUSES, START_LEASE
from tests.portal_world import World
from tests.services.engines import on_both_engines
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
    state_of,
    try_again,
)

pytestmark = on_both_engines

START = "startProcessInstance"
MADE_BUT_NOT_TOLD = (
    "reset_after_commit",
    "http_500_after_commit",
    "system_error_200_without_instance_id",
)
NOT_MADE_AND_NOT_TOLD = ("reset_before", "http_500_before", "html_body")


@pytest.mark.parametrize("name", MADE_BUT_NOT_TOLD)
def test_an_instance_whose_answer_was_lost_is_found_and_adopted(world: World, name: str) -> None:
    set_up(world)
    number = ask(world)
    fault(world, name)

    world.work()
    assert world.look(lambda: state_of(number)) == "start_unknown"
    assert calls(world, START) == 1
    follow(world, number, "pending")

    assert len(instances(world)) == calls(world, START) == 1
    with world.app.app_context():
        assert approval_of(number).instance_id == instances(world)[0]["instance_id"]
        assert approval_of(number).failure is None
        assert [entry.after["attempt"] for entry in audited("instance.adopted")] == [1]


@pytest.mark.parametrize("name", NOT_MADE_AND_NOT_TOLD)
def test_a_start_that_never_happened_is_looked_for_given_up_and_tried_again_under_its_own_reference(
    world: World, name: str
) -> None:
    set_up(world)
    number = ask(world)
    fault(world, name)
    began_at = world.clock.now()

    follow(world, number, "could_not_start")
    assert world.clock.now() - began_at >= sum(RESOLVE_PAUSES[1:], RESOLVE_PAUSES[0])
    assert calls(world, START) == 1
    with world.app.app_context():
        assert failure_of(number)["kind"] == "not_found_after_unknown"
        assert failure_of(number)["facts"]["first"].startswith(f"DingTalk API call failed[{START}]")
        assert approval_of(number).request.state == "could_not_start"
        assert approval_of(number).due_at is None
    assert instances(world) == []

    try_again(world, number)
    follow(world, number, "pending")
    (instance,) = instances(world)
    assert f"{number}-2" in instance["values"].values()
    assert world.look(lambda: approval_of(number).attempt) == 2


def test_an_instance_with_other_values_is_not_adopted(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "http_500_before")
    world.work()
    with world.app.app_context():
        # The same number with another reason: started by hand, in the requester's name.
        order = order_of(approval_of(number))
        db.session.rollback()
        values = {label: text + "!" if label == "Reason" else text for label, text in order.values.items()}
        world.services.approval_work.channels[ChannelName.DINGTALK].start(
            type(order)(**{**vars(order), "values": values})
        )
    follow(world, number, "could_not_start")
    assert world.look(lambda: approval_of(number).instance_id) is None


@pytest.mark.parametrize("was_made", [True, False])
def test_a_worker_that_died_while_starting_leaves_work_that_looks_and_never_creates(
    world: World, was_made: bool
) -> None:
    set_up(world)
    number = ask(world)
    work = world.services.approval_work
    with world.app.app_context():
        approval_id = approval_of(number).id
        order, _, _ = work._claim_start(approval_id)
        if was_made:
            work.channels[ChannelName.DINGTALK].start(order)
        made = calls(world, START)
        db.session.remove()

        work.advance(approval_id)
        assert state_of(number) == "starting"  # somebody may still be calling
        assert approval_of(number).due_at <= approval_of(number).starting_at + START_LEASE
        db.session.remove()

        world.let_pass(seconds=START_LEASE.total_seconds())
        work.advance(approval_id)
    follow(world, number, "pending" if was_made else "could_not_start")
    assert calls(world, START) == made == len(instances(world))


def test_two_workers_at_the_same_approval_create_one_instance(world: World) -> None:
    set_up(world)
    number = ask(world)
    world.control("PUT", "/settings", {"answer_delay_milliseconds": 100})
    approval_id = world.look(lambda: approval_of(number).id)
    together = threading.Barrier(3)

    def advance() -> None:
        with world.app.app_context():
            together.wait(5)
            world.services.approval_work.advance(approval_id)

    workers = [threading.Thread(target=advance) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)

    assert calls(world, START) == len(instances(world)) == 1
    assert world.look(lambda: state_of(number)) == "pending"


def test_a_throttled_start_is_made_later_under_the_same_reference(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "throttle_qps", count=2)

    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("submitted", "throttled")
    follow(world, number, "pending")
    (instance,) = instances(world)
    assert number in instance["values"].values()
    assert world.look(lambda: (approval_of(number).attempt, approval_of(number).failure)) == (1, None)
