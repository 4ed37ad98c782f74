"""The doctor: one fault turns exactly one line red, and its remedy turns it green again."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.application import create_app
from portal.database import sqlite_driver
from portal.extensions import db
from portal.services.doctor.checks import CheckName, CheckState
from portal.services.doctor.deployment_checks import is_guessable
from portal.services.doctor.doctor import Doctor
from portal.services.doctor.findings import Found
from portal.services.doctor.limits import Limits
from portal.services.events.stream_connections import ListenerState
from portal.services.registry import KEY
from portal.settings import DingTalkAddresses
from portal.web.doctor.printed import as_json, printed_lines
from portal.web.words.doctor import FINDINGS, TITLES
from tests.dingtalk.raw_server import closed_port, raw_server, stay_silent
from tests.portal_world import AES_KEY, APP_SECRET, SECRET_KEY, TOKEN, World
from tests.services.doctor_faults import (
    FAULTS,
    Fault,
    choose_callback,
    enter,
    let_an_event_wait,
    listen,
    settle_the_event,
    stop_the_worker,
)
from tests.services.doctor_story import (
    PATIENT,
    doctor_of,
    examine,
    keep_well,
    let_a_worker_live,
    make_well,
    states,
)
from tests.services.doctor_story import Found as Results
from tests.services.little_servers import answering, certificate_of_nobody

QUICKBI = (CheckName.QUICKBI_KEY, CheckName.QUICKBI_SHARING, CheckName.QUICKBI_PEOPLE)
SECRETS = (APP_SECRET, AES_KEY, TOKEN, SECRET_KEY)


@pytest.fixture(scope="module")
def well(shared_world: World) -> World:
    """A portal in good health; every test mends what it breaks."""
    shared_world.subscribe()
    make_well(shared_world)
    return shared_world


@pytest.fixture(scope="module")
def healthy(well: World) -> Results:
    """What the doctor finds while nothing is broken."""
    return examine(well)


@pytest.fixture
def world(well: World) -> Iterator[World]:
    keep_well(well)
    yield well
    well.clock.ahead = timedelta()


def red(found: Results) -> list[CheckName]:
    return [name for name, result in found.items() if result.state is CheckState.FAILED]


def shown(world: World, found: Results) -> str:
    """Return all that anybody can read of it."""
    results = tuple(found.values())
    with world.app.test_request_context():
        told = as_json(results, public_url=world.portal_url, at=datetime.now(UTC), counted_calls=1)
        return json.dumps(told, ensure_ascii=False) + "\n".join(
            printed_lines(results, public_url=world.portal_url)
        )


def check_that_only(
    world: World, found: Results, *, before: Results, name: CheckName, state: CheckState
) -> None:
    """Prove that one line tells, and that every other is as before, waits for it or is not used any more."""
    assert found[name].state is state
    others = {
        other: (result.state, result.verdict.found, result.verdict.waits_for)
        for other, result in found.items()
        if other is not name
        and result.state not in (before[other].state, CheckState.NOT_APPLICABLE)
        and result.verdict.waits_for is not name
    }
    assert others == {}
    assert not [secret for secret in SECRETS if secret in shown(world, found)]


def test_every_line_of_a_portal_in_good_health_is_green(world: World) -> None:
    found = examine(world)
    assert list(found) == list(CheckName)
    unused = dict.fromkeys((CheckName.STREAM, *QUICKBI), CheckState.NOT_APPLICABLE)
    assert {name: state for name, state in states(found).items() if state is not CheckState.OK} == unused


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.red}-{fault.found}")
def test_a_fault_turns_its_line_red_and_its_remedy_turns_it_green(
    world: World, healthy: Results, fault: Fault
) -> None:
    try:
        fault.breaks(world)
        found = examine(world)
    finally:
        fault.mends(world)
        let_a_worker_live(world)
    assert found[fault.red].verdict.found is fault.found
    check_that_only(world, found, before=healthy, name=fault.red, state=fault.state)
    assert states(examine(world)) == states(healthy)


Server = Callable[[Path], AbstractContextManager[Any]]
DINGTALKS = b'{"code": "AuthenticationFailed.MissingParameter"}'


def raw(_folder: Path) -> AbstractContextManager[Any]:
    return raw_server(stay_silent)


ADDRESS_FAULTS: dict[str, tuple[Server, Found]] = {
    "refused": (lambda _: closed_port(), Found.CONNECTION_REFUSED),
    "unknown": (lambda _: nullcontext("https://dingtalk.invalid"), Found.HOST_UNKNOWN),
    "certificate": (
        lambda folder: answering(certificate=certificate_of_nobody(folder)),
        Found.CERTIFICATE_REFUSED,
    ),
    "silent": (raw, Found.ANSWER_TIMED_OUT),
    "sign-in page": (lambda _: answering(body=b"<html>Sign in to the network"), Found.NOT_DINGTALK),
    "trouble": (lambda _: answering(status=503, body=DINGTALKS), Found.SERVER_TROUBLE),
}


@pytest.mark.parametrize(
    ("kind", "field"), [*((kind, "api") for kind in ADDRESS_FAULTS), ("refused", "oapi"), ("trouble", "oapi")]
)
def test_an_address_that_does_not_answer_as_dingtalk_turns_its_line_red(
    world: World, healthy: Results, tmp_path: Path, field: str, kind: str
) -> None:
    serve, expected = ADDRESS_FAULTS[kind]
    with serve(tmp_path) as served:
        url = served if isinstance(served, str) else served.url
        limits = replace(PATIENT, answer_seconds=0.3) if kind == "silent" else PATIENT
        name = CheckName.API_ADDRESS if field == "api" else CheckName.OAPI_ADDRESS
        addresses: DingTalkAddresses = replace(world.settings.dingtalk, **{field: url})
        doctor = doctor_of(world, dingtalk=addresses, limits=limits)
        with world.app.app_context():
            assert doctor.examine().result(name).verdict.found is expected
        if kind == "silent":
            return
        found = examine(world, doctor)
    # A portal on this machine is for a DingTalk on this machine alone.
    if kind == "unknown" and field == "api":
        assert red(found) == [CheckName.PUBLIC_URL, CheckName.API_ADDRESS]
        return
    check_that_only(world, found, before=healthy, name=name, state=CheckState.FAILED)


CALLBACK_FAULTS: dict[str, tuple[Server, Found]] = {
    "refused": (lambda _: closed_port(), Found.CONNECTION_REFUSED),
    "private": (lambda _: nullcontext("https://10.255.0.1"), Found.CALLBACK_PRIVATE),
    "link-local": (lambda _: nullcontext("https://169.254.169.254"), Found.CALLBACK_PRIVATE),
    "unknown": (lambda _: nullcontext("https://portal.invalid"), Found.HOST_UNKNOWN),
    "certificate": (
        lambda folder: answering(certificate=certificate_of_nobody(folder)),
        Found.CERTIFICATE_REFUSED,
    ),
    "redirect": (
        lambda _: answering(status=301, headers={"Location": "https://elsewhere.example/"}),
        Found.CALLBACK_REDIRECTS,
    ),
    "page": (lambda _: answering(body=b"<html>It works!"), Found.CALLBACK_WRONG_ANSWER),
    "plain success": (lambda _: answering(body=b"success"), Found.CALLBACK_WRONG_ANSWER),
}


@pytest.mark.parametrize("kind", CALLBACK_FAULTS)
def test_a_callback_address_that_dingtalk_could_not_use_turns_its_line_red(
    world: World, healthy: Results, tmp_path: Path, kind: str
) -> None:
    serve, expected = CALLBACK_FAULTS[kind]
    world.let_pass(seconds=1)
    with serve(tmp_path) as url:
        # Nothing was heard within the last moment, so nothing excuses it.
        limits = replace(PATIENT, heard_lately=timedelta())
        found = examine(world, doctor_of(world, public_url=url, limits=limits))
    assert found[CheckName.CALLBACK_ADDRESS].verdict.found is expected
    check_that_only(world, found, before=healthy, name=CheckName.CALLBACK_ADDRESS, state=CheckState.FAILED)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://10.255.0.1", Found.CALLBACK_PRIVATE_HERE),
        ("https://127.0.0.1:9", Found.CALLBACK_NOT_FROM_HERE),
    ],
)
def test_what_only_our_own_network_sees_is_no_more_than_a_warning_while_dingtalk_is_heard(
    world: World, url: str, expected: Found
) -> None:
    result = examine(world, doctor_of(world, public_url=url))[CheckName.CALLBACK_ADDRESS]
    assert (result.state, result.verdict.found) == (CheckState.WARNING, expected)


def test_an_answer_that_dingtalk_would_not_wait_for_is_red(world: World) -> None:
    found = examine(world, doctor_of(world, limits=replace(PATIENT, callback_seconds=0)))
    assert found[CheckName.CALLBACK_ADDRESS].verdict.found is Found.CALLBACK_SLOW
    assert red(found) == [CheckName.CALLBACK_ADDRESS]


def test_the_portals_own_check_of_its_address_is_not_taken_for_dingtalks(world: World) -> None:
    def checked_at() -> datetime | None:
        return world.services.dingtalk_apps.view().check_url_at

    before = world.look(checked_at)
    assert examine(world)[CheckName.CALLBACK_ADDRESS].state is CheckState.OK
    assert world.look(checked_at) == before


@pytest.mark.parametrize(
    ("off", "expected", "state"),
    [
        (timedelta(minutes=2), Found.CLOCK_OFF, CheckState.WARNING),
        (timedelta(minutes=-12), Found.CLOCK_FAR_OFF, CheckState.FAILED),
    ],
)
def test_a_clock_that_is_off_is_told_by_how_much(
    world: World, healthy: Results, off: timedelta, expected: Found, state: CheckState
) -> None:
    date = format_datetime(datetime.now(UTC) + off, usegmt=True)
    with answering(status=400, body=DINGTALKS, headers={"Date": date}) as url:
        found = examine(world, doctor_of(world, dingtalk=replace(world.settings.dingtalk, api=url)))
    assert found[CheckName.CLOCK].verdict.found is expected
    check_that_only(world, found, before=healthy, name=CheckName.CLOCK, state=state)


@pytest.mark.parametrize(
    ("name", "deployment", "limits", "expected", "state"),
    [
        (
            CheckName.SECRET_KEY,
            {"secret_key": "0123456789" * 4},
            PATIENT,
            Found.SECRET_KEY_WEAK,
            CheckState.FAILED,
        ),
        (
            CheckName.PUBLIC_URL,
            {"public_url": "http://portal.example.com"},
            PATIENT,
            Found.PUBLIC_URL_PLAIN,
            CheckState.FAILED,
        ),
        (
            CheckName.DISK_SPACE,
            {},
            replace(PATIENT, space_gone_bytes=2**60),
            Found.SPACE_GONE,
            CheckState.FAILED,
        ),
        (
            CheckName.DISK_SPACE,
            {},
            replace(PATIENT, space_short_bytes=2**60),
            Found.SPACE_SHORT,
            CheckState.WARNING,
        ),
        (
            CheckName.PUSHES_USED,
            {},
            replace(PATIENT, free_pushes=0),
            Found.PUSHES_PAST_FREE,
            CheckState.WARNING,
        ),
        (
            CheckName.CALLS_USED,
            {},
            replace(PATIENT, calls_short_percent=0),
            Found.CALLS_SHORT,
            CheckState.WARNING,
        ),
    ],
)
def test_what_the_deployment_lacks_is_told_on_its_own_line(
    world: World,
    healthy: Results,
    name: CheckName,
    deployment: dict[str, object],
    limits: Limits,
    expected: Found,
    state: CheckState,
) -> None:
    found = examine(world, doctor_of(world, limits=limits, **deployment))
    assert found[name].verdict.found is expected
    check_that_only(world, found, before=healthy, name=name, state=state)


def test_a_portal_on_this_machine_is_not_for_the_real_dingtalk(world: World) -> None:
    real = replace(world.settings.dingtalk, api="https://api.dingtalk.invalid")
    with world.app.app_context():
        result = doctor_of(world, dingtalk=real).examine().result(CheckName.PUBLIC_URL)
    assert result.verdict.found is Found.PUBLIC_URL_LOOPBACK


def test_a_check_that_breaks_off_is_red_and_says_no_more_than_the_kind_of_error(world: World) -> None:
    doctor = doctor_of(world, limits=replace(PATIENT, space_gone_bytes="a secret"))
    found = examine(world, doctor)
    assert red(found) == [CheckName.DISK_SPACE]
    assert found[CheckName.DISK_SPACE].verdict.facts == {"error": "TypeError"}
    assert "a secret" not in shown(world, found)


def test_a_run_looks_once_and_again_where_it_is_asked_to(world: World) -> None:
    world.control("PUT", "/permissions", {"Workflow.Form.Read": False})
    with world.app.app_context():
        run = doctor_of(world).examine()
        assert run.result(CheckName.TEMPLATE).verdict.waits_for is CheckName.FORM_READ
        world.control("PUT", "/permissions", {"Workflow.Form.Read": True})
        assert run.result(CheckName.FORM_READ).state is CheckState.FAILED
        assert run.again(CheckName.TEMPLATE).state is CheckState.OK
        assert run.result(CheckName.FORM_READ).state is CheckState.OK


def test_by_stream_nothing_is_said_of_callbacks(world: World) -> None:
    listen(ListenerState.CONNECTED)(world)
    try:
        found = examine(world)
    finally:
        choose_callback(world)
    assert found[CheckName.STREAM].verdict.found is Found.STREAM_CONNECTED
    not_used = {name for name, state in states(found).items() if state is CheckState.NOT_APPLICABLE}
    assert not_used == {
        CheckName.AES_KEY,
        CheckName.CALLBACK_TOKEN,
        CheckName.CALLBACK_ADDRESS,
        CheckName.CHECK_URL,
        CheckName.REFUSED_CALLBACKS,
        *QUICKBI,
    }
    assert not red(found)


def test_to_look_again_at_a_line_that_waits_is_to_look_at_what_it_waits_for(world: World) -> None:
    stop_the_worker(world)
    let_an_event_wait(world)
    try:
        with world.app.app_context():
            run = doctor_of(world).examine()
            assert run.result(CheckName.EVENT_INBOX).verdict.waits_for is CheckName.WORKER
            let_a_worker_live(world)
            assert run.again(CheckName.EVENT_INBOX).verdict.found is Found.INBOX_STUCK
            assert run.result(CheckName.WORKER).state is CheckState.OK
    finally:
        settle_the_event(world)


def test_a_run_costs_no_more_counted_calls_than_it_says(world: World) -> None:
    doctor, before = doctor_of(world), world.control("GET", "/calls")["metered"]
    examine(world, doctor)
    assert world.control("GET", "/calls")["metered"] - before == doctor.counted_calls


def test_nothing_is_changed_by_a_run(world: World) -> None:
    def templates_and_instances() -> object:
        return world.control("GET", "/templates"), world.control("GET", "/instances")

    before = templates_and_instances()
    examine(world)
    assert templates_and_instances() == before


def test_two_pages_within_seconds_are_one_run(world: World) -> None:
    doctor = doctor_of(world)
    key = doctor.begin()
    assert doctor.begin() == key
    assert doctor.run(key) is doctor.run(key)
    assert doctor.run("0123456789abcdef") is not doctor.run(key)


DRAWN = st.text(alphabet=string.ascii_letters + string.digits, min_size=16, max_size=32)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=DRAWN, token=DRAWN, key=st.text(alphabet=string.ascii_letters, min_size=43, max_size=43))
def test_no_secret_is_ever_told_whatever_it_is_and_whatever_dingtalk_says(
    world: World, secret: str, token: str, key: str
) -> None:
    try:
        enter(app_secret=secret, callback_token=token, callback_aes_key=key)(world)
        found = examine(world)
    finally:
        enter(app_secret=APP_SECRET, callback_token=TOKEN, callback_aes_key=AES_KEY)(world)
    assert red(found) == [CheckName.CREDENTIALS]
    assert not [each for each in (secret, token, key, SECRET_KEY) if each in shown(world, found)]


def test_a_password_in_an_address_is_not_told(world: World) -> None:
    url = "http://operator:hunter2hunter2@portal.example.com"
    found = examine(world, doctor_of(world, public_url=url))
    assert found[CheckName.PUBLIC_URL].verdict.facts == {"url": "http://portal.example.com"}
    assert "hunter2" not in shown(world, found)


@pytest.fixture
def copied(world: World, tmp_path: Path) -> Iterator[Callable[[str], Flask]]:
    """Return a portal of its own on a copy of the database, by the address of the copy with a query."""
    copy, made = tmp_path / "copy.sqlite3", []
    source = sqlite_driver().connect(world.settings.instance_path / "portal.sqlite3")
    source.execute("VACUUM INTO ?", (str(copy),))
    source.close()

    def open_copy(query: str = "") -> Flask:
        url = f"sqlite:///file:{copy}?uri=true{query}"
        made.append(create_app(replace(world.settings, database_url=url), clock=world.clock))
        return made[-1]

    yield open_copy
    for app in made:
        with app.app_context():
            db.engine.dispose()


def database_line(app: Flask) -> Found:
    with app.app_context():
        doctor: Doctor = app.extensions[KEY].doctor
        return doctor.examine().result(CheckName.DATABASE).verdict.found


def test_a_database_that_cannot_be_written_to_is_red(copied: Callable[[str], Flask]) -> None:
    assert database_line(copied("")) is Found.DATABASE_WELL
    assert database_line(copied("&mode=ro")) is Found.DATABASE_NOT_WRITABLE


@pytest.mark.parametrize("first_page", [-1, 20])
def test_a_damaged_file_is_red(copied: Callable[[str], Flask], tmp_path: Path, first_page: int) -> None:
    with (tmp_path / "copy.sqlite3").open("r+b") as file:
        file.seek(0, 2)
        size = file.tell()
        for place in range(first_page * 4096 % size, size, 4096):
            file.seek(place)
            file.write(b"\xff" * 64)
    assert database_line(copied("")) is Found.DATABASE_DAMAGED


def test_every_finding_and_every_line_has_its_words() -> None:
    assert set(TITLES) == set(CheckName)
    assert set(Found) - set(FINDINGS) == {Found.WAITS, Found.REFUSED}


@given(st.text(min_size=1, max_size=8), st.integers(min_value=5, max_value=60))
def test_a_repeated_key_is_guessable_however_long(part: str, times: int) -> None:
    assert is_guessable(part * times)


@given(st.binary(min_size=32, max_size=64))
def test_a_drawn_key_is_not_guessable_unless_chance_wanted_it(drawn: bytes) -> None:
    key = drawn.hex()
    assert len(set(key)) < 12 or not is_guessable(key) or key == (key[: len(key) // 2] * 2)
