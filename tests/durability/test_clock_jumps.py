"""A clock that is set forwards or back while requests are under way: work may wait, nothing is lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.services.starting.start_attempts import START_LEASE
from tests.durability.waiting import wait
from tests.portal_world import World
from tests.services.conftest import world
from tests.services.story import (
    approval_of,
    ask,
    calls,
    fault,
    follow,
    instances,
    set_up,
    started,
    state_of,
    try_again,
    wait_for_due,
)

__all__ = ["world"]

START = "startProcessInstance"
AN_HOUR = timedelta(hours=1)


def work_while_time_passes(world: World, is_true: Callable[[], bool]) -> None:
    """Work until something is so; a clock that was set back makes some work wait for as long."""

    def is_so_now() -> bool:
        world.let_pass(minutes=5)
        return is_true()

    world.work_until(is_so_now, seconds=60)


@pytest.mark.parametrize("jump", [AN_HOUR, -AN_HOUR], ids=["forwards", "back"])
@pytest.mark.parametrize("moment", ["submitted", "pending", "decided"])
def test_a_request_comes_to_its_outcome_when_the_clock_jumps_at_any_moment(
    world: World, jump: timedelta, moment: str
) -> None:
    set_up(world)
    number = ask(world)
    if moment == "submitted":
        world.clock.ahead += jump
    follow(world, number, "pending")
    if moment == "pending":
        world.clock.ahead += jump
    world.act(instances(world)[0]["instance_id"], "chen", "agree")
    if moment == "decided":
        world.clock.ahead += jump
    work_while_time_passes(world, lambda: state_of(number) == "approved")
    assert len(instances(world)) == calls(world, START) == 1


@pytest.mark.parametrize("jump", [AN_HOUR, -AN_HOUR], ids=["forwards", "back"])
def test_a_start_without_an_answer_is_found_although_the_clock_jumps_before_it_is_looked_for(
    world: World, jump: timedelta
) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "reset_after_commit")
    world.work()
    assert world.look(lambda: state_of(number)) == "start_unknown"
    world.clock.ahead += jump
    follow(world, number, "pending")
    assert len(instances(world)) == calls(world, START) == 1


@pytest.mark.parametrize("wrong_by", [timedelta(minutes=8), -timedelta(minutes=8)], ids=["fast", "slow"])
def test_a_start_without_an_answer_is_found_by_a_clock_that_is_minutes_wrong_and_without_any_event(
    world: World, wrong_by: timedelta
) -> None:
    set_up(world)
    world.control("DELETE", "/subscription")
    world.clock.ahead += wrong_by
    number = ask(world)
    fault(world, "reset_after_commit")
    world.work()
    assert world.look(lambda: state_of(number)) == "start_unknown"
    wait_for_due(world, number)
    world.work()
    assert world.look(lambda: state_of(number)) == "pending"
    assert len(instances(world)) == calls(world, START) == 1


@pytest.mark.slow
@pytest.mark.parametrize("wrong_by", [AN_HOUR, -AN_HOUR], ids=["fast", "slow"])
def test_a_start_without_an_answer_under_a_very_wrong_clock_never_ends_with_two_that_count(
    world: World, wrong_by: timedelta
) -> None:
    set_up(world)
    # In the sandbox time does not pass faster, and it would refuse every withdrawal of these hours as too early.
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    world.clock.ahead += wrong_by
    number = ask(world)
    fault(world, "reset_after_commit")
    world.work()
    world.clock.ahead -= wrong_by

    def is_running_once() -> bool:
        if state_of(number) == "could_not_start":
            try_again(world, number)
        running = [each["instance_id"] for each in instances(world) if each["status"] == "RUNNING"]
        return running == [approval_of(number).instance_id]

    work_while_time_passes(world, is_running_once)


def test_a_clock_that_jumps_past_the_lease_during_the_call_makes_nobody_create_again(world: World) -> None:
    set_up(world)
    number = ask(world)
    approval_id = world.look(lambda: approval_of(number).id)
    world.control("PUT", "/settings", {"answer_delay_milliseconds": 400})

    def advance() -> None:
        with world.app.app_context():
            world.services.approval_work.advance(approval_id)

    caller = threading.Thread(target=advance)
    caller.start()
    wait(lambda: world.look(lambda: state_of(number)) == "starting", what="the call to be begun")
    world.let_pass(seconds=START_LEASE.total_seconds() + 1)
    advance()
    caller.join(30)
    world.control("PUT", "/settings", {"answer_delay_milliseconds": 0})
    follow(world, number, "pending")
    assert len(instances(world)) == calls(world, START) == 1


def test_events_that_came_while_the_clock_was_ahead_are_sorted_once_it_is_right(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.let_pass(hours=1)
    world.act(instance_id, "chen", "agree")
    wait(
        lambda: world.control("GET", "/state")["counts"]["deliveries"]["waiting"] == 0,
        what="all events to be delivered",
    )
    world.clock.ahead -= AN_HOUR
    work_while_time_passes(world, lambda: state_of(number) == "approved")
