"""Try again does what the remedies promise: it counts who decides and which template is in use by now."""

from __future__ import annotations

import pytest

from portal.services.approval_settings import Switches
from portal.services.faults import Problem, ProblemReason
from tests.portal_world import World
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    fault,
    follow,
    instances,
    set_up,
    state_of,
    try_again,
)


def could_not_start(world: World) -> str:
    number = ask(world)
    fault(world, "code_before", part="400 needAuth")
    follow(world, number, "could_not_start")
    return number


def test_an_approver_who_left_is_replaced_by_who_decides_now(world: World) -> None:
    set_up(world)
    number = could_not_start(world)
    world.control("PATCH", "/people/chen", {"active": False})
    world.let_pass(hours=1)  # what the directory said of them is old by now
    with pytest.raises(Problem) as nobody:
        try_again(world, number)
    assert nobody.value.reason == ProblemReason.NOBODY_DECIDES
    assert world.look(lambda: state_of(number)) == "could_not_start"

    with world.app.app_context():
        settings = world.services.approval_settings
        settings.choose_fallback_approver(
            actor_named("alice"), user_id="iris", version=settings.current().version
        )
    try_again(world, number)
    follow(world, number, "pending")
    assert [each["waiting_for"] for each in instances(world)] == [["iris"]]
    assert world.look(lambda: approval_of(number).approver_reason) == "fallback_owner_left"


def test_nothing_is_tried_again_while_approval_is_switched_off(world: World) -> None:
    set_up(world)
    number = could_not_start(world)
    with world.app.app_context():
        settings = world.services.approval_settings
        off = Switches(is_enabled=False, is_dingtalk_channel_on=True, version=settings.current().version)
        settings.save_switches(actor_named("alice"), off)
    with pytest.raises(Problem) as refused:
        try_again(world, number)
    assert refused.value.reason == ProblemReason.APPROVAL_OFF
    assert instances(world) == []


def test_what_was_refused_is_tried_again_under_a_reference_of_its_own_without_a_search(world: World) -> None:
    set_up(world)
    number = could_not_start(world)
    try_again(world, number)
    follow(world, number, "pending")
    (instance,) = instances(world)
    assert instance["values"]["Request number"] == f"{number}-2"
    assert world.look(lambda: approval_of(number).earlier_attempts) is None
    assert "listInstanceIds" not in world.control("GET", "/calls")["calls"]


def test_a_look_for_the_attempt_before_that_comes_late_leaves_the_new_promise_alone(world: World) -> None:
    set_up(world)
    number = could_not_start(world)
    approval_id = world.look(lambda: approval_of(number).id)
    try_again(world, number)
    with world.app.app_context():
        # A worker that read the row before somebody pressed Try again.
        work = world.services.approval_work
        work.lost.look_late(approval_id, work.channels[approval_of(number).channel])
    follow(world, number, "pending")
    assert len(instances(world)) == 1
