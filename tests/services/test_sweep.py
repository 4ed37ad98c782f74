"""The sweep reads what was silent for too long: seldom where events arrive, never on the last of the quota."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, insert

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval
from portal.services.outcomes.sweep import EVERY_WHILE_CALLS_ARE_SHORT, TOGETHER, WHEN_HEARD, WHEN_UNHEARD
from portal.services.work.chores import ChoreName
from tests.portal_world import World
from tests.services.story import approval_of, calls, fault, set_up, started, state_of
from tests.services.story_of_chores import (
    also_on_postgresql,
    chore,
    metered,
    pass_days,
    pause_until,
    set_quota,
    sweep,
)

pytestmark = also_on_postgresql
READ = "getProcessInstance"
A_MINUTE = timedelta(minutes=1)


def check_swept_after(world: World, number: str, pause: timedelta) -> None:
    """Check that the sweep leaves the approval alone until it was silent for ``pause``."""
    before = world.look(lambda: approval_of(number).sweeps)
    for silence, swept in ((pause - 5 * A_MINUTE, before), (10 * A_MINUTE, before + 1)):
        world.clock.ahead += silence
        sweep(world)
        assert world.look(lambda: approval_of(number).sweeps) == swept


def test_an_approval_that_nothing_was_heard_of_is_read_at_growing_pauses(world: World) -> None:
    set_up(world)
    fault(world, "lost_event", "*", count=20)
    number, _ = started(world)
    for pause in (*WHEN_UNHEARD, WHEN_UNHEARD[-1]):
        check_swept_after(world, number, pause)
    assert calls(world, READ) == len(WHEN_UNHEARD) + 1


def test_an_approval_that_was_heard_of_is_left_alone_for_a_day_and_then_for_weeks(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    world.work_until(lambda: approval_of(number).heard_at is not None)
    for pause in WHEN_HEARD[:3]:
        check_swept_after(world, number, pause)
    assert calls(world, READ) == 3


def test_once_nothing_is_heard_of_a_newer_start_the_older_ones_are_read_sooner_too(world: World) -> None:
    set_up(world)
    older, instance_id = started(world)
    world.work_until(lambda: approval_of(older).heard_at is not None)
    world.subscribe(url="http://127.0.0.1:9/nobody")
    world.let_pass(hours=1)
    newer, _ = started(world)
    world.act(instance_id, "chen", "agree")
    world.let_pass(minutes=45)
    sweep(world)

    assert world.look(lambda: (state_of(older), approval_of(newer).sweeps)) == ("approved", 1)


def test_sweeps_stop_at_seventy_percent_of_the_quota_and_events_go_on(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.work_until(lambda: approval_of(number).heard_at is not None)
    with world.app.app_context():
        used = world.services.dingtalk_calls.budget().used
    assert used == metered(world)
    set_quota(world, used * 100 // 70)
    pass_days(world, 3)
    assert world.look(lambda: approval_of(number).sweeps) == 0
    assert metered(world) == used
    assert pause_until(world, ChoreName.SWEEP) <= EVERY_WHILE_CALLS_ARE_SHORT

    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")


def test_sweeps_end_exactly_where_seventy_percent_are_used(world: World) -> None:
    set_up(world)
    fault(world, "lost_event", "*", count=40)
    for _ in range(3):
        started(world)
    used = metered(world)
    # Two calls are left for sweeps.
    set_quota(world, -(-(used + 2) * 100 // 70))
    world.let_pass(minutes=31)
    sweep(world)
    world.let_pass(hours=3)
    sweep(world)
    assert metered(world) == used + 2


@pytest.mark.parametrize("failing", ["permission", pytest.param("trouble", marks=pytest.mark.slow)])
def test_a_read_that_keeps_failing_is_tried_more_and_more_seldom(world: World, failing: str) -> None:
    set_up(world)
    number, instance_id = started(world)
    if failing == "permission":
        world.control("PUT", "/permissions", {"Workflow.Instance.Read": False})
    else:
        fault(world, "http_500_before", READ, count=10_000)
    before = metered(world)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: approval_of(number).failure is not None)
    for _ in range(24):
        world.let_pass(minutes=60)
        world.work()
    assert metered(world) - before < 30
    world.control("DELETE", "/faults")
    world.control("PUT", "/permissions", {"Workflow.Instance.Read": True})
    world.let_pass(days=1)
    world.work()
    assert world.look(lambda: state_of(number)) == "approved"


def test_the_sweep_comes_back_by_itself(world: World) -> None:
    set_up(world)
    sweep(world)
    assert timedelta() < pause_until(world, ChoreName.SWEEP) <= timedelta(minutes=2)
    assert world.look(lambda: chore(ChoreName.SWEEP).done_at) is not None


def test_when_a_page_may_be_lost_all_open_approvals_are_woken_in_lots_that_others_can_write_between(
    world: World,
) -> None:
    set_up(world)
    number, _ = started(world)
    with world.app.app_context():
        copy_request(number, times=2 * TOGETHER)
        world.let_pass(hours=7)
        lots: list[object] = []

        def count(connection: object) -> None:
            lots.append(connection)

        event.listen(db.engine, "commit", count)
        woken = world.services.failed_pushes.sweep.wake_unread_for(timedelta(hours=6))
        event.remove(db.engine, "commit", count)
        assert woken == 2 * TOGETHER + 1
        assert db.session.query(Approval).filter(Approval.due_at.is_(None)).count() == 0
        assert len(lots) >= 3


def copy_request(number: str, *, times: int) -> None:
    """Make rows of requests that run like this one, each with an instance of its own."""
    approval = approval_of(number)
    copies = range(approval.id + 1, approval.id + 1 + times)
    with transaction() as session:
        for table, row, unique in (
            (AccessRequest.__table__, approval.request, ("number", "submission_key")),
            (Approval.__table__, approval, ("instance_id",)),
        ):
            told = {name: getattr(row, name) for name in table.columns.keys()}  # noqa: SIM118  columns are no dict
            own = [{"id": each, **dict.fromkeys(unique, f"copy-{each}")} for each in copies]
            linked = {"request_id"} & set(told)
            session.execute(
                insert(table), [{**told, **mine, **dict.fromkeys(linked, mine["id"])} for mine in own]
            )
