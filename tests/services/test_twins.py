"""A second instance of one approval, whenever and however it surfaces, is withdrawn and told of, never applied."""

from __future__ import annotations

import pytest

from portal.channels.approval_channel import ChannelName
from portal.extensions import db
from portal.services.starting.start_attempts import LATE_LOOKS, START_LEASE
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import (
    approval_of,
    ask,
    audited,
    calls,
    fault,
    follow,
    instances,
    set_up,
    state_of,
    try_again,
    wait_for_due,
    withdraw,
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
)

pytestmark = on_both_engines

START, LIST, READ = "startProcessInstance", "listInstanceIds", "getProcessInstance"
TERMINATE = "terminateProcessInstance"
TWIN = {("ignored", "twin_instance")}


def test_a_twin_that_an_event_tells_of_after_it_was_declared_not_started_is_withdrawn(world: World) -> None:
    set_up(world)
    let_withdrawals_through(world)
    number = declared_not_started(world)
    twin = surface(world, order_for(world, number))
    has_events(world, twin)
    reads = calls(world, READ)
    settle_all(world)
    world.work_until(lambda: events_of(twin) == TWIN, seconds=30)

    assert_twin(world, number, twin, state="twin_withdrawn", kept="could_not_start")
    assert status_in_dingtalk(world, twin) == "TERMINATED"
    assert (calls(world, READ) - reads, calls(world, TERMINATE)) == (1, 1)


def test_before_a_further_attempt_the_earlier_one_is_looked_for_once_more_and_adopted(world: World) -> None:
    set_up(world)
    world.control("DELETE", "/subscription")
    number = declared_not_started(world)
    late = surface(world, order_for(world, number))
    made = calls(world, START)
    try_again(world, number)
    follow(world, number, "pending")

    assert calls(world, START) == made
    with world.app.app_context():
        assert approval_of(number).instance_id == late
        assert approval_of(number).attempt == 1
        assert [entry.after["attempt"] for entry in audited("instance.adopted")] == [1]
        assert approval_of(number).incident is None


@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_late_looks_find_a_twin_that_no_event_told_of_and_then_end(world: World, is_withdrawn: bool) -> None:
    set_up(world)
    let_withdrawals_through(world)
    world.control("DELETE", "/subscription")
    number = declared_not_started(world)
    if is_withdrawn:
        withdraw(world, number)
    kept = "withdrawn" if is_withdrawn else "could_not_start"
    looks = calls(world, LIST)
    wait_for_due(world, number)
    world.work()
    twin = surface(world, order_for(world, number))
    for _ in LATE_LOOKS[1:]:
        wait_for_due(world, number)
        world.work()
    settle_all(world)

    assert_twin(world, number, twin, state="twin_withdrawn", kept=kept)
    assert calls(world, LIST) - looks == len(LATE_LOOKS)
    assert world.look(lambda: approval_of(number).due_at) is None


def test_what_a_worker_started_that_slept_too_long_is_withdrawn(world: World) -> None:
    set_up(world)
    let_withdrawals_through(world)
    world.control("DELETE", "/subscription")
    number = ask(world)
    work = world.services.approval_work
    with world.app.app_context():
        approval_id = approval_of(number).id
        order, attempt, _ = work._claim_start(approval_id)
        db.session.remove()
    world.let_pass(seconds=START_LEASE.total_seconds())
    follow(world, number, "could_not_start")
    try_again(world, number)
    follow(world, number, "pending")

    channel = work.channels[ChannelName.DINGTALK]
    with world.app.app_context():
        twin = channel.start(order)
        work.adoption.adopt(approval_id, channel, attempt=attempt, instance_id=twin)
    settle_all(world)
    assert_twin(world, number, twin, state="twin_withdrawn", kept="pending")
    assert sorted(each["status"] for each in instances(world)) == ["RUNNING", "TERMINATED"]


def test_an_event_leads_to_the_instance_where_the_search_cannot(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "http_500_after_commit")
    fault(world, "permission_missing", operation=LIST, count=1000)
    world.work()
    instance_id = instances(world)[0]["instance_id"]
    has_events(world, instance_id)
    settle_all(world)
    with world.app.app_context():
        assert (state_of(number), approval_of(number).instance_id) == ("pending", instance_id)
        assert stray_of(instance_id).state == "adopted"
        assert events_of(instance_id) == {("applied", None)}
        assert approval_of(number).incident is None
