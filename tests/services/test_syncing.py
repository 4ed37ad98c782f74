"""Sync now: an outcome is read without waiting for anything, and nobody can burn the quota with it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from portal.channels.dingtalk.call_counting import CallMade
from portal.cli import portal
from portal.services.audit import PORTAL
from portal.services.faults import NotThere, Problem, ProblemReason
from tests.portal_world import World
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    audited,
    calls,
    fault,
    person_named,
    set_up,
    started,
    state_of,
)
from tests.services.story_of_chores import FETCH, also_on_postgresql, metered, plan, set_quota

pytestmark = also_on_postgresql
READ = "getProcessInstance"


def sync(world: World, number: str, *, who: str = "bob") -> None:
    with world.app.app_context():
        world.services.syncing.one(actor_named(who), person_named(who), number)


def refused(world: World, number: str, *, who: str = "bob") -> ProblemReason:
    with pytest.raises(Problem) as caught:
        sync(world, number, who=who)
    return caught.value.reason


def started_unheard(world: World) -> tuple[str, str]:
    fault(world, "lost_event", "*", count=50)
    return started(world)


@pytest.mark.parametrize("who", ["bob", "chen", "alice"])
def test_whoever_sees_a_request_can_have_it_read(world: World, who: str) -> None:
    set_up(world)
    world.client(who)
    number, instance_id = started_unheard(world)
    world.act(instance_id, "chen", "agree")
    world.work()
    assert world.look(lambda: state_of(number)) == "pending"
    sync(world, number, who=who)
    world.work()
    with world.app.app_context():
        assert state_of(number) == "approved"
        (entry,) = audited("request.synced")
        assert (entry.actor_id, entry.subject_id) == (person_named(who).id, number)


def test_to_others_the_request_does_not_exist(world: World) -> None:
    set_up(world)
    world.client("dora")
    number, _ = started_unheard(world)
    with pytest.raises(NotThere):
        sync(world, number, who="dora")


def test_the_outcome_by_sync_and_then_by_its_event_changes_nothing(world: World) -> None:
    set_up(world)
    fault(world, "late_event", "*", count=50, seconds=2)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    sync(world, number)
    world.work_until(lambda: state_of(number) == "approved")
    closed_at, reads = world.look(lambda: approval_of(number).closed_at), calls(world, READ)
    world.work_until(
        lambda: world.control("GET", "/state")["counts"]["deliveries"]["waiting"] == 0, seconds=30
    )
    world.work()
    with world.app.app_context():
        assert (approval_of(number).closed_at, approval_of(number).incident) == (closed_at, None)
        assert approval_of(number).heard_at is not None
        assert len(audited("approval.outcome")) == 1
    assert calls(world, READ) == reads


def test_the_pause_doubles_with_each_time_for_people_and_is_short_for_admins(world: World) -> None:
    set_up(world)
    number, _ = started_unheard(world)
    for minutes in (0, 2, 4, 8):
        if minutes:
            world.let_pass(minutes=minutes - 1, seconds=50)
            assert refused(world, number) == ProblemReason.SYNCED_JUST_NOW
            world.let_pass(seconds=12)
        sync(world, number)
        sync(world, number)  # pressed twice before the worker came: one read
        world.work()
    assert calls(world, READ) == 4
    assert refused(world, number, who="alice") == ProblemReason.SYNCED_JUST_NOW
    world.let_pass(seconds=31)
    sync(world, number, who="alice")
    assert refused_or_none(world, number) is None


def refused_or_none(world: World, number: str) -> ProblemReason | None:
    try:
        sync(world, number)
    except Problem as problem:
        return problem.reason
    return None


@pytest.mark.slow
def test_a_person_who_presses_all_day_spends_a_dozen_calls(world: World) -> None:
    set_up(world)
    number, _ = started_unheard(world)
    before = metered(world)
    for _ in range(24 * 3):
        world.let_pass(minutes=20)
        refused_or_none(world, number)
        world.work()
    assert metered(world) - before <= 15


def test_when_calls_run_short_only_an_admin_may_spend_one(world: World) -> None:
    set_up(world)
    number, instance_id = started_unheard(world)
    world.act(instance_id, "chen", "agree")
    set_quota(world, metered(world))
    assert refused(world, number) == ProblemReason.CALLS_RUN_SHORT
    sync(world, number, who="alice")
    world.work()
    assert world.look(lambda: state_of(number)) == "approved"


@pytest.mark.parametrize("state", ["submitted", "over"])
def test_there_is_nothing_to_sync_before_the_start_and_after_the_end(world: World, state: str) -> None:
    set_up(world)
    if state == "submitted":
        number = ask(world)
    else:
        number, instance_id = started(world)
        world.act(instance_id, "chen", "agree")
        world.work_until(lambda: state_of(number) == "approved")
    assert refused(world, number) == ProblemReason.NOTHING_TO_SYNC


def test_all_open_ones_are_read_once_each_also_past_seventy_percent(world: World) -> None:
    set_up(world)
    plan(world)
    world.work()
    fault(world, "lost_event", "*", count=50)
    open_ones = [started(world) for _ in range(4)]
    for _, instance_id in open_ones[:3]:
        world.act(instance_id, "chen", "agree")
    set_quota(world, metered(world))
    before, fetched = calls(world, READ), calls(world, FETCH)
    with world.app.app_context():
        assert world.services.syncing.open_approvals() == 4
        assert world.services.syncing.all(PORTAL) == 4
        assert world.services.syncing.all(PORTAL) == 4
    world.work()
    with world.app.app_context():
        assert [state_of(number) for number, _ in open_ones] == ["approved"] * 3 + ["pending"]
        assert [entry.after for entry in audited("approvals.synced")] == [{"approvals": 4}] * 2
        assert world.services.syncing.open_approvals() == 1
    assert calls(world, READ) == before + 4
    assert calls(world, FETCH) == fetched  # that list is left alone past seventy percent


def test_portal_sync_does_the_same_from_the_command_line(world: World) -> None:
    set_up(world)
    number, instance_id = started_unheard(world)
    world.act(instance_id, "chen", "agree")
    done = CliRunner().invoke(portal, ["sync"], env=world.environment)
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "1 open approvals will be read.")
    world.work()
    with world.app.app_context():
        assert state_of(number) == "approved"
        assert [entry.actor_name for entry in audited("approvals.synced")] == ["portal"]
        world.services.dingtalk_calls.tally(CallMade(operation=READ, result="quota_exhausted"))
    refused_now = CliRunner().invoke(portal, ["sync"], env=world.environment)
    assert refused_now.exit_code == 1
    assert "used up" in refused_now.output


def test_sync_waits_while_dingtalk_answers_no_calls(world: World) -> None:
    set_up(world)
    number, _ = started_unheard(world)
    world.control("PUT", "/settings", {"monthly_quota": 1})
    sync(world, number)
    world.work()
    assert refused(world, number, who="alice") == ProblemReason.CALLS_STOPPED
    with world.app.app_context(), pytest.raises(Problem) as caught:
        world.services.syncing.all(PORTAL)
    assert caught.value.reason == ProblemReason.CALLS_STOPPED
