"""Each line of the real logs says which request it is about, and none says a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import update

from portal.database import transaction
from portal.models import Approval
from tests.operations.processes import PATIENCE_SECONDS, Running, running, wait
from tests.portal_world import AES_KEY, APP_SECRET, SECRET_KEY, TOKEN, World, csrf_token
from tests.services.story import approval_of, failure_of, fault, set_up, state_of

# What a worker says of itself, and of nobody's request.
ABOUT_THE_WORKER = {"worker.started", "worker.stopped"}


@pytest.fixture(scope="module")
def world(shared_world: World) -> World:
    """One portal for all of this module: its processes must not lose the database under their feet."""
    shared_world.reset()
    set_up(shared_world)
    return shared_world


@pytest.fixture(scope="module")
def logs(world: World) -> Iterator[tuple[Running, Running]]:
    """The logs of a web process and a worker."""
    with running(world, "serve") as web, running(world, "worker") as worker:
        world.subscribe(url=f"{web.url}/callbacks/dingtalk")
        yield web, worker
        assert_nothing_secret(web, worker)


def test_every_line_of_a_story_carries_its_number(world: World, logs: tuple[Running, Running]) -> None:
    web, worker = logs
    number = submit(world, web)
    wait(lambda: world.look(lambda: state_of(number)) == "pending")
    world.act(world.look(lambda: approval_of(number).instance_id), "chen", "agree")
    wait(lambda: world.look(lambda: state_of(number)) == "approved")
    wait(lambda: worker.has_said("approval.outcome"))
    wait(lambda: "finish" in [line.get("kind") for line in worker.said()])

    told = [line for line in worker.said() if line["event"] not in ABOUT_THE_WORKER and "chore" not in line]
    events = {line["event"] for line in told}
    assert {
        "dingtalk_call",
        "instance.started",
        "event.applied",
        "event.matched",
        "approval.outcome",
    } <= events
    assert [line for line in told if line.get("number") != number] == []
    assert only(web, event="request.submitted")["number"] == number


def test_a_start_that_fails_is_told_with_dingtalks_own_request_id(
    world: World, logs: tuple[Running, Running]
) -> None:
    web, worker = logs
    fault(world, "permission_missing")
    number = submit(world, web)
    wait(lambda: world.look(lambda: state_of(number)) == "could_not_start")
    wait(lambda: worker.has_said("start.failed"))
    request_id = world.look(lambda: failure_of(number))["request_id"]
    assert request_id
    refused = only(worker, event="dingtalk_call", operation="startProcessInstance", level="warning")
    failed = only(worker, event="start.failed")
    assert (refused["request_id"], failed["request_id"]) == (request_id, request_id)
    assert (refused["number"], failed["number"]) == (number, number)


def test_a_bug_in_the_work_is_told_with_the_number_it_is_about(
    world: World, logs: tuple[Running, Running]
) -> None:
    web, worker = logs
    number = submit(world, web)
    wait(lambda: world.look(lambda: state_of(number)) == "pending")
    # As if a row had been spoilt by hand: no code of ours writes this.
    spoil(world, number, channel="carrier pigeon", due_at=world.clock.now())
    wait(lambda: worker.has_said("work.failed"))
    failed = only(worker, event="work.failed")
    assert failed["number"] == number
    assert "carrier pigeon" in failed["exception"]


def test_what_the_web_process_says_of_a_page_carries_the_number_in_its_address(
    world: World, logs: tuple[Running, Running]
) -> None:
    web, _worker = logs
    number = submit(world, web)
    session = signed_in(world, web)
    wait(lambda: world.look(lambda: state_of(number)) == "pending")
    spoil(world, number, state="could_not_start", due_at=None, failure={"retry": "no such word"})
    assert session.get(f"{web.url}/requests/{number}", timeout=PATIENCE_SECONDS).status_code == 500
    errors = [line for line in web.said() if line["level"] == "error"]
    assert errors
    assert {line.get("number") for line in errors} == {number}
    assert {line.get("request") for line in errors} != {None}


def spoil(world: World, number: str, **columns: object) -> None:
    with world.app.app_context(), transaction() as session:
        this = Approval.id == approval_of(number).id
        session.execute(update(Approval).where(this).values(columns))


def only(process: Running, **facts: str) -> dict[str, Any]:
    (found,) = [line for line in process.said() if facts.items() <= line.items()]
    return found


def signed_in(world: World, web: Running) -> requests.Session:
    """Sign Bob in over HTTP, with the sandbox's page left out."""
    session = requests.Session()
    leave = session.get(f"{web.url}/sign-in/dingtalk", allow_redirects=False, timeout=PATIENCE_SECONDS)
    state = re.search(r"[?&]state=([^&]+)", leave.headers["Location"])
    assert state
    code = world.control("POST", "/sign-in", {"person": "bob"})["authCode"]
    session.get(
        f"{web.url}/sign-in/dingtalk/return",
        params={"authCode": code, "state": state[1]},
        timeout=PATIENCE_SECONDS,
    )
    return session


def submit(world: World, web: Running) -> str:
    """Ask for access through the form, as Bob."""
    session = signed_in(world, web)
    address = f"{web.url}/requests/new?resource_type=dashboard&resource_id=sales-overview&level=view"
    page = session.get(address, timeout=PATIENCE_SECONDS).text
    form = {
        "csrf_token": csrf_token(page),
        "submission_key": re.findall(r'name="submission_key"[^>]*value="([^"]+)"', page)[0],
        "resource_type": "dashboard",
        "resource_id": "sales-overview",
        "level": "view",
        "again": "1",
        "validity": "7",
        "until": "",
        "reason": "季度 report",
    }
    answer = session.post(f"{web.url}/requests", data=form, timeout=PATIENCE_SECONDS)
    number = re.search(r"/requests/(AR-\d+-\d+)$", answer.url)
    assert number, answer.text
    return number[1]


def assert_nothing_secret(*processes: Running) -> None:
    for process in processes:
        text = process.log_file.read_text()
        for secret in (APP_SECRET, TOKEN, AES_KEY, SECRET_KEY):
            assert secret not in text
        assert not re.search(r"access_?token=|Bearer |[\"']app_?secret|authCode", text, re.IGNORECASE)
