"""A start that got no clear answer is looked for with care: long enough, everywhere, and not for ever."""

from __future__ import annotations

import pytest

from portal.database import transaction
from portal.models import ApprovalTemplate
from portal.services.starting.lost_starts import LOOKS
from tests.portal_world import World
from tests.services.story import (
    approval_of,
    ask,
    calls,
    fault,
    follow,
    instances,
    set_up,
    state_of,
    try_again,
    wait_for_due,
)
from tests.services.stray_story import order_for, surface

START, LIST, READ = "startProcessInstance", "listInstanceIds", "getProcessInstance"


def ask_under(world: World, name: str, part: str = "") -> str:
    """Ask, let the start suffer, and return the number."""
    number = ask(world)
    fault(world, name, part=part)
    world.work()
    assert world.look(lambda: state_of(number)) == "start_unknown"
    return number


@pytest.mark.parametrize(
    ("operation", "name"),
    [(LIST, "permission_missing"), (READ, "http_500_before"), (READ, "throttle_429")],
)
def test_a_search_that_fails_decides_nothing_and_goes_on(world: World, operation: str, name: str) -> None:
    set_up(world)
    world.control("DELETE", "/subscription")
    number = ask_under(world, "code_after_commit", "200 -")
    fault(world, name, operation=operation, count=LOOKS + 2)
    for _ in range(LOOKS + 2):
        wait_for_due(world, number)
        world.work()
        assert world.look(lambda: state_of(number)) == "start_unknown"
    follow(world, number, "pending")
    assert calls(world, START) == len(instances(world)) == 1


def test_a_search_walks_all_pages_and_reads_nothing_that_is_known(world: World) -> None:
    set_up(world)
    world.control("DELETE", "/subscription")
    known = [ask(world) for _ in range(20)]
    world.work()
    assert {world.look(lambda n=each: state_of(n)) for each in known} == {"pending"}
    number = ask_under(world, "http_500_after_commit")
    reads = calls(world, READ)
    world.let_pass(seconds=6)
    world.work()
    assert world.look(lambda: state_of(number)) == "pending"
    assert (calls(world, LIST), calls(world, READ) - reads) == (2, 1)


def test_a_further_attempt_speaks_the_labels_of_today_and_searches_with_those_of_before(world: World) -> None:
    set_up(world)
    number = ask_under(world, "http_500_before")
    follow(world, number, "could_not_start")
    before = order_for(world, number)
    with world.app.app_context(), transaction() as session:
        template = session.query(ApprovalTemplate).one()
        template.field_mapping = {**template.field_mapping, "reason": "Why"}
    try_again(world, number)
    again = order_for(world, number)
    assert again.values.keys() == before.values.keys() - {"Reason"} | {"Why"}
    assert again.values["Request number"] == f"{number}-2"

    surface(world, before)  # the first attempt was late, and did work
    follow(world, number, "pending")
    assert len(instances(world)) == 1
    with world.app.app_context():
        assert approval_of(number).submitted_values == before.values
        assert approval_of(number).attempt == 1


def test_a_clock_set_back_does_not_search_for_ever(world: World) -> None:
    set_up(world)
    number = ask_under(world, "http_500_before")
    world.let_pass(days=-2)
    with world.app.app_context(), transaction():
        approval_of(number).due_at = world.clock.now()
    follow(world, number, "could_not_start")


def test_searches_that_events_wake_do_not_shorten_the_search(world: World) -> None:
    set_up(world)
    number = ask_under(world, "http_500_before")
    for _ in range(2 * LOOKS):
        with world.app.app_context(), transaction():
            approval_of(number).due_at = world.clock.now()
        world.work()
    assert world.look(lambda: state_of(number)) == "start_unknown"
    follow(world, number, "could_not_start")


def test_an_approval_started_by_hand_with_all_that_can_be_foreseen_is_never_taken_for_ours(
    world: World,
) -> None:
    set_up(world)
    number = ask_under(world, "http_500_before")
    order = order_for(world, number)
    surface(world, order, **{"Status page": f"{world.portal_url}/requests/{number}"})
    follow(world, number, "could_not_start")
    with world.app.app_context():
        assert approval_of(number).instance_id is None


def test_no_two_forms_carry_the_same_mark(world: World) -> None:
    set_up(world)
    marks = [order_for(world, ask(world)).values["Status page"].partition("?mark=")[2] for _ in range(2)]
    assert all(len(mark) >= 12 for mark in marks)
    assert len(set(marks)) == 2
