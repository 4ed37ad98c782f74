"""`portal serve` and `portal worker` as processes of their own carry a request from submitting to its outcome."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from portal.services.approval_work import RESOLVE_PAUSES, START_LEASE
from tests.portal_world import World, free_port
from tests.services.engines import on_both_engines
from tests.services.story import approval_of, ask, instances, set_up, state_of

pytestmark = on_both_engines

# A worker killed in the middle of a call leaves a lease to run out and a search to be made.
LONGEST_SECONDS = START_LEASE.total_seconds() + RESOLVE_PAUSES[0].total_seconds() + 30


@contextmanager
def process(world: World, command: str, *, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environ = {**os.environ, **world.environment, "PORTAL_PORT": str(port)}
    log = (world.folder / f"{command}.log").open("ab")
    running = subprocess.Popen([sys.executable, "-m", "portal", command], env=environ, stdout=log, stderr=log)
    try:
        yield running
        if running.poll() is None:
            running.send_signal(signal.SIGTERM)
            assert running.wait(20) == 0, (world.folder / f"{command}.log").read_text()[-2000:]
    finally:
        running.kill()
        running.wait()
        log.close()


def wait(is_true: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def test_a_request_reaches_its_outcome_also_when_the_worker_is_killed_right_after_it(world: World) -> None:
    port = free_port()
    set_up(world)
    with process(world, "serve", port=port):
        world.subscribe(url=f"http://127.0.0.1:{port}/callbacks/dingtalk")
        with process(world, "worker", port=port) as worker:
            wait(lambda: is_ready(port))
            first = ask(world)
            wait(lambda: world.look(lambda: state_of(first)) == "pending")
            world.act(world.look(lambda: approval_of(first).instance_id), "chen", "agree")
            wait(lambda: world.look(lambda: state_of(first)) == "approved")

            second = ask(world)
            worker.kill()
            worker.wait()
        with process(world, "worker", port=port):
            wait(lambda: world.look(lambda: state_of(second)) == "pending", seconds=LONGEST_SECONDS)
            world.act(world.look(lambda: approval_of(second).instance_id), "chen", "refuse")
            wait(lambda: world.look(lambda: state_of(second)) == "rejected")
    assert len(instances(world)) == 2


def test_a_second_worker_on_one_sqlite_file_is_refused_and_the_first_works_on(world: World) -> None:
    if not world.settings.is_sqlite:
        return
    port = free_port()
    set_up(world)
    with process(world, "worker", port=port) as first:
        number = ask(world)
        wait(lambda: world.look(lambda: state_of(number)) == "pending")
        with process(world, "worker", port=port) as second:
            assert second.wait(20) == 1
        assert first.poll() is None
    assert "Another worker is already running" in (world.folder / "worker.log").read_text()
