"""Whose an instance is that no approval owns: a twin at any age and in any state, or somebody else's."""

from __future__ import annotations

from dataclasses import replace

from portal.channels.dingtalk.people import approval_department
from portal.services.events.event_inbox import RETRY_PAUSES
from tests.portal_world import World
from tests.services.story import (
    approval_of,
    ask,
    calls,
    fault,
    follow,
    instances,
    person_named,
    set_up,
    started,
    state_of,
    try_again,
)
from tests.services.stray_story import (
    assert_twin,
    declared_not_started,
    events_of,
    has_events,
    let_withdrawals_through,
    order_for,
    settle_all,
    status_in_dingtalk,
    stray_of,
    surface,
    told_of_twin,
)

START, LIST, READ = "startProcessInstance", "listInstanceIds", "getProcessInstance"
TERMINATE = "terminateProcessInstance"
TWIN = {("ignored", "twin_instance")}


def test_a_twin_too_young_to_be_withdrawn_is_withdrawn_later(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    twin = surface(world, order_for(world, number))
    has_events(world, twin)
    while calls(world, TERMINATE) < 2:
        world.let_pass(seconds=max(RETRY_PAUSES).total_seconds())
        world.work()
    assert world.look(lambda: stray_of(twin).state) == "twin"
    let_withdrawals_through(world)
    settle_all(world)
    assert_twin(world, number, twin, state="twin_withdrawn", kept="pending")


def test_a_twin_that_cannot_be_withdrawn_stays_in_sight_until_somebody_ends_it(world: World) -> None:
    set_up(world)
    let_withdrawals_through(world)
    number, _ = started(world)
    code = instances(world)[0]["process_code"]
    world.control("PATCH", f"/templates/{code}", {"requester_may_withdraw": False})
    twin = surface(world, order_for(world, number))
    has_events(world, twin)
    settle_all(world)
    assert_twin(world, number, twin, state="twin_stays", kept="pending")
    assert world.look(lambda: told_of_twin(number, twin)["failure"]["kind"]) == "withdrawal_refused"

    world.act(twin, "chen", "refuse")
    world.work_until(lambda: stray_of(twin).state == "twin_ended", seconds=30)
    assert world.look(lambda: (state_of(number), told_of_twin(number, twin)["failure"])) == ("pending", None)


def test_a_twin_of_a_running_approval_that_was_decided_already_is_told_and_not_applied(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    twin = surface(world, order_for(world, number))
    world.act(twin, "chen", "agree")
    has_events(world, twin)
    settle_all(world)

    assert_twin(world, number, twin, state="twin_ended", kept="pending")
    assert world.look(lambda: events_of(twin)) == TWIN
    assert calls(world, TERMINATE) == 0
    world.act(instance_id, "chen", "refuse")
    world.work_until(lambda: state_of(number) == "rejected", seconds=30)
    assert world.look(lambda: approval_of(number).incident["kind"]) == "twin"


def test_a_search_before_a_further_attempt_that_fails_creates_nothing(world: World) -> None:
    set_up(world)
    number = declared_not_started(world)
    made = calls(world, START)
    try_again(world, number)
    fault(world, "throttle_429", operation=LIST)
    world.work()
    assert (world.look(lambda: state_of(number)), calls(world, START)) == ("submitted", made)
    follow(world, number, "pending")
    assert len(instances(world)) == 1


def test_a_start_that_was_refused_is_not_looked_for_late(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "code_before", part="400 needAuth")
    world.work()
    with world.app.app_context():
        assert (state_of(number), approval_of(number).due_at) == ("could_not_start", None)
    assert calls(world, LIST) == 0


def test_an_instance_started_by_hand_is_left_alone_after_one_read(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    reads = calls(world, READ)
    by_hand = surface(world, order_for(world, number), **{"Request number": "for my colleague"})
    has_events(world, by_hand)
    settle_all(world)
    world.act(by_hand, "chen", "agree")
    settle_all(world)

    assert world.look(lambda: events_of(by_hand)) == {("ignored", "foreign_instance")}
    assert world.look(lambda: (stray_of(by_hand).state, stray_of(by_hand).approval_id)) == ("foreign", None)
    assert (calls(world, READ) - reads, calls(world, TERMINATE)) == (1, 0)
    assert world.look(lambda: approval_of(number).incident) is None


def test_a_copy_that_somebody_else_sent_is_not_a_twin(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    department_id = world.look(lambda: approval_department(person_named("alice").departments[0]))
    order = replace(order_for(world, number), requester_user_id="alice", department_id=department_id)
    copy = surface(world, order)
    has_events(world, copy)
    settle_all(world)
    assert world.look(lambda: stray_of(copy).state) == "foreign"
    assert status_in_dingtalk(world, copy) == "RUNNING"


def test_a_twin_beside_another_incident_hides_neither(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.control(
        "POST", f"/instances/{instance_id}/actions", {"person": "chen", "action": "redirect", "to": "bob"}
    )
    world.act(instance_id, "bob", "agree")
    world.work_until(lambda: state_of(number) == "approved", seconds=30)
    twin = surface(world, order_for(world, number))
    world.act(twin, "chen", "refuse")
    has_events(world, twin)
    settle_all(world)
    assert world.look(lambda: approval_of(number).incident["kind"]) == "self_approved"
    assert_twin(world, number, twin, state="twin_ended", kept="approved")
