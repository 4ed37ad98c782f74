"""`portal serve` and `portal worker` as processes of their own carry a request from submitting to its outcome."""

from __future__ import annotations

import pytest

from portal.services.starting.start_attempts import RESOLVE_PAUSES, START_LEASE
from tests.portal_world import World, free_port
from tests.services.engines import on_both_engines
from tests.services.story import approval_of, ask, instances, set_up, state_of
from tests.workflows.processes import PATIENCE_SECONDS, is_ready, running, wait

pytestmark = on_both_engines

# A worker killed in the middle of a call leaves a lease to run out and a search to be made.
LONGEST_SECONDS = START_LEASE.total_seconds() + RESOLVE_PAUSES[0].total_seconds() + 30


@pytest.mark.slow
def test_a_request_reaches_its_outcome_also_when_the_worker_is_killed_right_after_it(world: World) -> None:
    port = free_port()
    set_up(world)
    with running(world, "serve", PORTAL_PORT=str(port)):
        world.subscribe(url=f"http://127.0.0.1:{port}/callbacks/dingtalk")
        with running(world, "worker") as worker:
            wait(lambda: is_ready(port))
            first = ask(world)
            wait(lambda: world.look(lambda: state_of(first)) == "pending")
            world.act(world.look(lambda: approval_of(first).instance_id), "chen", "agree")
            wait(lambda: world.look(lambda: state_of(first)) == "approved")

            second = ask(world)
            worker.kill()
        with running(world, "worker"):
            wait(lambda: world.look(lambda: state_of(second)) == "pending", seconds=LONGEST_SECONDS)
            world.act(world.look(lambda: approval_of(second).instance_id), "chen", "refuse")
            wait(lambda: world.look(lambda: state_of(second)) == "rejected")
    assert len(instances(world)) == 2


def test_a_second_worker_on_one_sqlite_file_is_refused_and_the_first_works_on(world: World) -> None:
    if not world.settings.is_sqlite:
        return
    set_up(world)
    with running(world, "worker") as first:
        number = ask(world)
        wait(lambda: world.look(lambda: state_of(number)) == "pending")
        with running(world, "worker") as second:
            assert second.process.wait(PATIENCE_SECONDS) == 1
        assert first.process.poll() is None
    assert "Another worker is already running" in (world.folder / "worker.log").read_text()
