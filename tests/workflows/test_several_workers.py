"""Several workers on one PostgreSQL database: they share the work, and take over from those that are gone."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import func, select

from portal.extensions import db
from portal.models import Approval
from portal.rules.approval_state import ApprovalState
from tests.portal_world import World
from tests.services.engines import on_postgresql
from tests.services.story import ask, calls, instances, set_up
from tests.workflows.processes import PortalProcess, in_flight, start_worker, wait, worker_id

pytestmark = on_postgresql

WORKERS = 3
# Several seconds of DingTalk's limit.
STARTS = 100
DINGTALKS_LIMIT = 20
HAS_INSTANCE = Approval.instance_id.is_not(None)
# A call cut off leaves a lease to run out, a search to be made, and another where DingTalk lists late.
LONGEST_SECONDS = 150.0


@contextmanager
def workers(world: World, count: int = WORKERS) -> Iterator[dict[str, PortalProcess]]:
    """Run several workers of one instance folder; yields them by their ids, the longest at work first."""
    with ExitStack() as ending:
        started = [start_worker(world, number) for number in range(1, count + 1)]
        for worker in started:
            ending.callback(end, worker)
        by_id = {worker_id(worker): worker for worker in started}
        yield {
            each: by_id[each] for each in world.look(world.services.health.living_workers) if each in by_id
        }


def end(worker: PortalProcess) -> None:
    worker.process.kill()
    worker.process.wait()


def answer_after(world: World, milliseconds: int) -> None:
    world.control("PUT", "/settings", {"answer_delay_milliseconds": milliseconds})


def count_in(world: World, *states: ApprovalState) -> int:
    return int(world.look(lambda: db.session.scalar(select(func.count()).where(Approval.state.in_(states)))))


def wait_until_settled(world: World, count: int) -> None:
    """Wait until all are started, but those cut off before DingTalk was asked: for them it is still searched."""
    settled = (ApprovalState.PENDING, ApprovalState.START_UNKNOWN, ApprovalState.COULD_NOT_START)
    wait(
        lambda: count_in(world, *settled) == count,
        seconds=LONGEST_SECONDS,
        what=lambda: str(in_flight(world)),
    )
    wait(lambda: count_in(world, ApprovalState.PENDING) == len(instances(world)), seconds=LONGEST_SECONDS)


def busy_worker(world: World, among: list[str]) -> str:
    """Wait until one of them has work under way and return it."""
    busy: list[str] = []

    def find() -> bool:
        busy[:] = [each["executor_id"] for each in in_flight(world) if each["status"] == "PENDING"]
        return any(each in among for each in busy)

    wait(find)
    return next(each for each in busy if each in among)


def assert_agrees_with_dingtalk(world: World) -> None:
    """Each instance belongs to one approval, and nothing is left with a worker that is gone."""
    adopted = world.look(lambda: list(db.session.scalars(select(Approval.instance_id).where(HAS_INSTANCE))))
    assert len(set(adopted)) == len(adopted)
    assert {each["instance_id"] for each in instances(world)} == set(adopted)


@pytest.mark.slow
def test_three_workers_of_one_folder_share_the_work_within_dingtalks_limit(world: World) -> None:
    set_up(world)
    world.control("PUT", "/settings", {"calls_per_second": DINGTALKS_LIMIT})
    with workers(world) as running:
        assert len(running) == WORKERS
        for _ in range(STARTS):
            ask(world)
        wait(lambda: count_in(world, ApprovalState.PENDING) == STARTS, seconds=LONGEST_SECONDS)
        for worker in running.values():
            worker.end()
            assert '"instance.started"' in worker.said()
    # The sandbox refuses the call that would be too many in any second, and counts the refusal.
    answered = world.control("GET", "/calls")["calls"]
    assert answered["startProcessInstance"] == {"ok": STARTS}
    assert answered["forecast"].keys() == {"ok"}
    wait(lambda: in_flight(world) == [], what=lambda: str(in_flight(world)))
    assert_agrees_with_dingtalk(world)


@pytest.mark.slow
def test_work_of_a_killed_leader_and_of_a_stopped_worker_is_taken_over_and_nothing_is_doubled(
    world: World,
) -> None:
    set_up(world)
    answer_after(world, 1500)
    with workers(world) as running:
        leader, *others = running
        for _ in range(30):
            ask(world)
        busy_worker(world, [leader])
        running[leader].kill()
        stopped = busy_worker(world, others)
        running[stopped].send(signal.SIGSTOP)
        last = next(each for each in others if each != stopped)

        wait(lambda: {leader, stopped} <= taken_over_by(running[last]), what=running[last].said)
        answer_after(world, 50)
        wait_until_settled(world, 30)
        assert_agrees_with_dingtalk(world)

        running[stopped].send(signal.SIGCONT)
        for _ in range(20):
            ask(world)
        wait_until_settled(world, 50)
        running[stopped].end()
        running[last].end()
    assert_agrees_with_dingtalk(world)
    assert calls(world, "startProcessInstance") == len(instances(world))
    assert [each for each in in_flight(world) if each["status"] == "PENDING"] == []


@pytest.mark.slow
def test_all_workers_killed_and_one_started_again_finishes_what_all_had_begun(world: World) -> None:
    set_up(world)
    answer_after(world, 1500)
    with workers(world, 2) as running:
        for _ in range(20):
            ask(world)
        for each in running:
            busy_worker(world, [each])
        for worker in running.values():
            worker.kill()
    answer_after(world, 50)
    with workers(world, 1) as running:
        wait_until_settled(world, 20)
        assert_agrees_with_dingtalk(world)
        for worker in running.values():
            worker.end()
    assert [each for each in in_flight(world) if each["status"] == "PENDING"] == []


def taken_over_by(worker: PortalProcess) -> set[str]:
    """Return the workers whose work it put back."""
    told = [json.loads(line) for line in worker.said().splitlines() if '"work.taken_over"' in line]
    return {each for line in told for each in line["workers"]}
