"""DingTalk's create call has no idempotency key: whatever happens to it, one request has at most one instance."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.channels.approval_channel import ChannelName
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval
from portal.services.starting.lost_starts import LOOKED_FOR
from portal.services.starting.start_attempts import START_LEASE
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
from tests.services.stray_story import order_for, settle_all, surface

pytestmark = on_both_engines

START = "startProcessInstance"
# A 5xx, a success without an id, and three codes whatever their status; tests/dingtalk/test_failures.py has them all.
UNCLEAR_ANSWERS = (
    "200 -",
    "200 sysErrror",
    "400 internalError",
    "400 processInstanceStartFailed",
    "504 processInstanceStartFailed",
    "500 systemError",
    "400 neverHeardOf",
)
MADE_BUT_NOT_TOLD = [("reset_after_commit", ""), *(("code_after_commit", each) for each in UNCLEAR_ANSWERS)]
NOT_MADE_AND_NOT_TOLD = [
    ("reset_before", ""),
    ("html_body", ""),
    ("code_before", "200 -"),
    ("code_before", "400 internalError"),
]


def ask_under(world: World, name: str, part: str = "") -> str:
    """Ask, let the start suffer, and return the number."""
    number = ask(world)
    fault(world, name, part=part)
    world.work()
    assert world.look(lambda: state_of(number)) == "start_unknown", (name, part)
    return number


def test_behind_every_unclear_answer_the_instance_is_found_and_adopted(world: World) -> None:
    set_up(world)
    world.control("DELETE", "/subscription")  # so that only the search can find it
    numbers = [ask_under(world, *each) for each in MADE_BUT_NOT_TOLD]
    for number in numbers:
        follow(world, number, "pending")

    assert len(instances(world)) == calls(world, START) == len(numbers)
    with world.app.app_context():
        owned = {number: approval_of(number).instance_id for number in numbers}
        said = {each["instance_id"]: set(each["values"].values()) for each in instances(world)}
        assert all(number in said[owned[number]] for number in numbers)
        assert [entry.after["attempt"] for entry in audited("instance.adopted")] == [1] * len(numbers)
        assert not any(failure_of(number) for number in numbers)


def test_a_start_that_never_happened_is_looked_for_given_up_and_tried_again_under_its_own_reference(
    world: World,
) -> None:
    set_up(world)
    began_at = world.clock.now()
    numbers = [ask_under(world, *each) for each in NOT_MADE_AND_NOT_TOLD]
    for number in numbers:
        follow(world, number, "could_not_start")

    assert world.clock.now() - began_at >= LOOKED_FOR
    assert calls(world, START) == len(numbers)
    assert instances(world) == []
    with world.app.app_context():
        for number in numbers:
            assert failure_of(number)["kind"] == "not_found_after_unknown"
            assert failure_of(number)["facts"]["first"].startswith(f"DingTalk API call failed[{START}]")
            assert approval_of(number).request.state == "could_not_start"

    number = numbers[0]
    try_again(world, number)
    follow(world, number, "pending")
    (instance,) = instances(world)
    assert f"{number}-2" in instance["values"].values()
    assert world.look(lambda: approval_of(number).attempt) == 2


def test_an_instance_with_other_values_is_neither_adopted_nor_withdrawn(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "http_500_before")
    world.work()
    # The same number with another reason: started by hand, in the requester's name.
    surface(world, order_for(world, number), Reason="something else")
    follow(world, number, "could_not_start")
    settle_all(world)
    assert world.look(lambda: (approval_of(number).instance_id, approval_of(number).incident)) == (None, None)
    assert [each["status"] for each in instances(world)] == ["RUNNING"]


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
            together.wait(20)
            world.services.approval_work.advance(approval_id)

    workers = [threading.Thread(target=advance) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert calls(world, START) == len(instances(world)) == 1
    assert world.look(lambda: state_of(number)) == "pending"


def test_a_throttled_start_is_made_later_under_the_same_reference(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "throttle_qps", count=2)

    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("submitted", "throttled")
        assert approval_of(number).due_at - world.clock.now() <= timedelta(seconds=1)
    follow(world, number, "pending")
    (instance,) = instances(world)
    assert number in instance["values"].values()
    assert world.look(lambda: (approval_of(number).attempt, approval_of(number).failure)) == (1, None)


def test_of_two_instances_that_carry_everything_the_earliest_is_adopted_alone(world: World) -> None:
    set_up(world)
    number = ask_under(world, "http_500_after_commit")
    surface(world, order_for(world, number))
    follow(world, number, "pending")
    first, second = (each["instance_id"] for each in instances(world))
    assert world.look(lambda: approval_of(number).instance_id) == first
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    settle_all(world)
    assert [each["status"] for each in instances(world)] == ["RUNNING", "TERMINATED"]
    assert world.look(lambda: list(approval_of(number).incident["twins"])) == [second]


def test_an_instance_that_another_approval_owns_is_never_adopted_again(world: World) -> None:
    set_up(world)
    owner, other = ask_under(world, "http_500_after_commit"), ask_under(world, "http_500_before")
    with world.app.app_context(), transaction() as session:
        values = approval_of(owner).submitted_values
        session.execute(
            update(Approval).where(Approval.id == approval_of(other).id).values(submitted_values=values)
        )
    follow(world, owner, "pending")
    follow(world, other, "could_not_start")
    # Nor when its id comes back as the answer to a start.
    instance_id = instances(world)[0]["instance_id"]
    third = ask(world)
    with world.app.app_context():
        approval_id, work = approval_of(third).id, world.services.approval_work
        _, attempt, _ = work._claim_start(approval_id)
        channel = work.channels[ChannelName.DINGTALK]
        work.adoption.adopt(approval_id, channel, attempt=attempt, instance_id=instance_id)
    world.let_pass(seconds=START_LEASE.total_seconds())
    follow(world, third, "could_not_start")
    assert world.look(lambda: approval_of(owner).instance_id) == instance_id
