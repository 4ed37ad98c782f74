"""A process that is told to stop finishes what it has begun, and takes on nothing new."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from urllib.parse import urlencode

import pytest
import requests

from portal.database import writing
from portal.extensions import db
from tests.durability.door import Door, Moment, Step
from tests.operations.processes import PATIENCE_SECONDS, Running, is_refused, running, wait
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import approval_of, ask, instances, set_up, state_of
from tests.web.callbacks.calling import event, query_for, seal, stored


@contextmanager
def writers_waiting(world: World) -> Iterator[None]:
    """Keep everybody from storing events until the end."""
    with world.app.app_context(), writing(), db.engine.begin():
        yield


def call_back(url: str) -> requests.Response:
    encrypt = seal(event())
    body = json.dumps({"encrypt": encrypt})
    address = f"{url}/callbacks/dingtalk?{urlencode(query_for(encrypt))}"
    return requests.post(address, data=body, timeout=PATIENCE_SECONDS)


def connections_of(web: Running) -> int:
    """Return how many connections the process has accepted (Linux)."""
    with open("/proc/net/tcp") as table:  # noqa: PTH123
        port = f":{web.port:04X}"
        return sum(1 for line in table if line.split()[1].endswith(port) and line.split()[3] == "01")


@pytest.mark.parametrize("threads", ["1", "4"])
def test_requests_under_way_and_waiting_are_answered_and_new_ones_refused(world: World, threads: str) -> None:
    with running(world, "serve", PORTAL_THREADS=threads) as web, ThreadPoolExecutor(4) as pool:
        with writers_waiting(world):
            asked: list[Future[requests.Response]] = [pool.submit(call_back, web.url) for _ in range(3)]
            wait(lambda: connections_of(web) == 3)
            web.terminate()
            wait(lambda: is_refused(web.port))
            assert not any(each.done() for each in asked)
        answers = [each.result() for each in asked]
        assert [each.status_code for each in answers] == [200, 200, 200]
        assert {each.headers["Connection"] for each in answers} == {"close"}
        assert web.exit_code() == 0
    assert web.said()[-1]["event"] == "web.stopped"
    assert web.said()[-1]["unanswered"] == 0
    assert len(stored(world)) == 3


def test_connections_that_say_nothing_do_not_hold_it_up(world: World) -> None:
    with running(world, "serve") as web:
        kept = http.client.HTTPConnection("127.0.0.1", web.port, timeout=PATIENCE_SECONDS)
        with closing(kept), socket.create_connection(("127.0.0.1", web.port)):
            kept.request("GET", "/health/live")
            assert kept.getresponse().read()
            web.terminate()
            assert web.exit_code() == 0
    assert web.said()[-1]["unanswered"] == 0


@on_both_engines
def test_a_worker_finishes_the_call_it_has_begun(world: World) -> None:
    set_up(world)
    world.subscribe(events=[])
    door = Door(world.sandbox.url)
    try:
        with running(world, "worker", DINGTALK_API_URL=door.url, DINGTALK_OAPI_URL=door.url) as worker:
            hold = door.hold(Step.START, Moment.ANSWERED)
            number = ask(world)
            hold.wait()
            worker.terminate()
            other = ask(world)
            hold.release()
            assert worker.exit_code() == 0
    finally:
        door.close()
    assert world.look(lambda: state_of(number)) == "pending"
    assert world.look(lambda: approval_of(number).instance_id) == instances(world)[0]["instance_id"]
    assert world.look(lambda: state_of(other)) in ("submitted", "starting", "pending")
    assert not world.look(world.services.health.is_worker_alive)


@on_both_engines
@pytest.mark.slow  # it is given ten seconds to finish
def test_a_worker_hands_back_what_it_cannot_finish(world: World) -> None:
    set_up(world)
    world.subscribe(events=[])
    door = Door(world.sandbox.url)
    try:
        with running(world, "worker", DINGTALK_API_URL=door.url, DINGTALK_OAPI_URL=door.url) as worker:
            hold = door.hold(Step.START, Moment.ANSWERED)
            number = ask(world)
            hold.wait()
            worker.terminate()
            assert worker.exit_code() == 0
    finally:
        door.close()
    assert world.look(lambda: state_of(number)) in ("starting", "start_unknown")
    world.let_pass(seconds=120)
    world.work_until(lambda: state_of(number) == "pending")
    assert len(instances(world)) == 1
