"""DingTalk counts calls: an ordinary request costs at most six of them, by the sandbox's own meter."""

from __future__ import annotations

import pytest

from tests.portal_world import World
from tests.services.story import approval_of, calls, fault, follow, set_up, started, state_of, withdraw
from tests.services.story_of_chores import metered, pass_days, plan, sweep

MOST_CALLS = 6


@pytest.mark.parametrize(("action", "outcome"), [("agree", "approved"), ("refuse", "rejected")])
def test_a_request_decided_at_once_costs_three_calls(world: World, action: str, outcome: str) -> None:
    set_up(world)
    plan(world)
    before = metered_for_requests(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", action)
    world.work_until(lambda: state_of(number) == outcome)
    settle(world)
    # forecast, start, one read; a second when an event comes while the first is being answered
    assert 3 <= metered_for_requests(world) - before <= 4


def test_a_request_withdrawn_at_once_costs_four_calls(world: World) -> None:
    set_up(world)
    plan(world)
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    before = metered_for_requests(world)
    number, _ = started(world)
    withdraw(world, number)
    world.work()
    follow(world, number, "withdrawn")
    settle(world)
    assert 4 <= metered_for_requests(world) - before <= 5


@pytest.mark.parametrize("action", ["agree", pytest.param("refuse", marks=pytest.mark.slow)])
def test_a_request_that_waits_twenty_days_with_healthy_events_costs_at_most_six_calls(
    world: World, action: str
) -> None:
    set_up(world)
    before = metered_for_requests(world)
    number, instance_id = started(world)
    world.work_until(lambda: approval_of(number).heard_at is not None)
    pass_days(world, 20)
    assert world.look(lambda: approval_of(number).sweeps) == 2
    world.act(instance_id, "chen", action)
    world.work_until(lambda: state_of(number) in ("approved", "rejected"))
    settle(world)
    assert metered_for_requests(world) - before <= MOST_CALLS


def test_a_request_withdrawn_after_twenty_days_costs_at_most_six_calls(world: World) -> None:
    set_up(world)
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    before = metered_for_requests(world)
    number, _ = started(world)
    world.work_until(lambda: approval_of(number).heard_at is not None)
    pass_days(world, 20)
    withdraw(world, number)
    follow(world, number, "withdrawn")
    settle(world)
    assert metered_for_requests(world) - before <= MOST_CALLS


def test_a_request_whose_events_are_all_lost_is_found_by_the_sweep_within_six_calls(world: World) -> None:
    set_up(world)
    fault(world, "lost_event", "*", count=20)
    before = metered_for_requests(world)
    number, instance_id = started(world)
    world.let_pass(minutes=31)
    sweep(world)
    assert world.look(lambda: state_of(number)) == "pending"
    world.act(instance_id, "chen", "agree")
    world.let_pass(minutes=121)
    sweep(world)
    assert world.look(lambda: state_of(number)) == "approved"
    assert metered_for_requests(world) - before <= MOST_CALLS


def metered_for_requests(world: World) -> int:
    """Return the counted calls without those of the scheduled look at the template: a schema and a forecast each."""
    return metered(world) - 2 * calls(world, "readSchema")


def settle(world: World) -> None:
    """Let the last events come, and a month of chores."""
    deliveries = world.control("GET", "/state")["counts"]["deliveries"]
    assert deliveries["failed"] == 0
    world.work_until(
        lambda: world.control("GET", "/state")["counts"]["deliveries"]["waiting"] == 0, seconds=30
    )
    for _ in range(4):
        world.work()
        world.let_pass(days=8)
