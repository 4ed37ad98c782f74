"""Several workers on one PostgreSQL database: they share the work, and take over from those that are gone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import func, select

from portal.extensions import db
from portal.models import Approval
from tests.portal_world import World
from tests.services.engines import on_postgresql
from tests.services.story import ask, calls, instances, set_up
from tests.workflows.processes import PortalProcess, in_flight, start_worker, wait, worker_id

pytestmark = on_postgresql

WORKERS = 3
# Several seconds of DingTalk's limit.
STARTS = 100
DINGTALKS_LIMIT = 20
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


def count_in(world: World, state: str) -> int:
    return int(world.look(lambda: db.session.scalar(select(func.count()).where(Approval.state == state))))


def busy_worker(world: World, among: list[str]) -> str:
    """Wait until one of them has work under way and return it."""
    busy: list[str] = []

    def find() -> bool:
        busy[:] = [each["executor_id"] for each in in_flight(world) if each["status"] == "PENDING"]
        return any(each in among for each in busy)

    wait(find)
    return next(each for each in busy if each in among)


def assert_started_once(world: World, count: int) -> None:
    """Each request has one instance and each instance one request; nothing is left in the queue."""
    adopted = world.look(lambda: list(db.session.scalars(select(Approval.instance_id))))
    assert len(set(adopted)) == count
    assert {each["instance_id"] for each in instances(world)} == set(adopted)
    wait(lambda: in_flight(world) == [], what=lambda: f"left in the queue: {in_flight(world)}")


def test_three_workers_of_one_folder_share_the_work_within_dingtalks_limit(world: World) -> None:
    set_up(world)
    world.control("PUT", "/settings", {"calls_per_second": DINGTALKS_LIMIT})
    with workers(world) as running:
        assert len(running) == WORKERS
        for _ in range(STARTS):
            ask(world)
        wait(lambda: count_in(world, "pending") == STARTS, seconds=LONGEST_SECONDS)
        for worker in running.values():
            worker.end()
            assert '"instance.started"' in worker.said()
    # The sandbox refuses the call that would be too many in any second, and counts the refusal.
    answered = world.control("GET", "/calls")["calls"]
    assert answered["startProcessInstance"] == {"ok": STARTS}
    assert answered["forecast"].keys() == {"ok"}
    assert_started_once(world, STARTS)


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

        wait(lambda: f'"workers": ["{leader}"]' in running[last].said() + running[stopped].said())
        answer_after(world, 50)
        wait(lambda: count_in(world, "pending") == 30, seconds=LONGEST_SECONDS)
        wait(lambda: "work.taken_over" in running[last].said() and stopped in running[last].said())
        assert_started_once(world, 30)

        running[stopped].send(signal.SIGCONT)
        asked_later = [ask(world) for _ in range(20)]
        wait(lambda: count_in(world, "pending") == 30 + len(asked_later))
        running[stopped].end()
        running[last].end()
    assert calls(world, "startProcessInstance") == len(instances(world))
    assert_started_once(world, 50)


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
        wait(lambda: count_in(world, "pending") == 20, seconds=LONGEST_SECONDS)
        assert_started_once(world, 20)
        next(iter(running.values())).end()
