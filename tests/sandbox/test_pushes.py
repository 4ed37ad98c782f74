"""Events arrive sealed, in order, again after failures; Save stores nothing that does not answer right."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from portal.sandbox import SandboxConfig

from .caller import Caller, until
from .receiver import AES_KEY, TOKEN, Receiver

FAST = {"retry_delays_seconds": [0.1, 0.2], "failed_list_delay_seconds": 0.0}


@pytest.fixture
def receiver(httpserver: HTTPServer, config: SandboxConfig, caller: Caller) -> Receiver:
    receiver = Receiver(server=httpserver, owner_key=config.app_key)
    subscribe(caller, receiver.url)
    return receiver


def subscribe(caller: Caller, url: str, **more: Any) -> None:
    answer = caller.control("PUT", "subscription", {"url": url, "aes_key": AES_KEY, "token": TOKEN, **more})
    assert "error" not in answer, answer


def save(caller: Caller, url: str, **changes: Any) -> dict[str, Any]:
    body = {"url": url, "aes_key": AES_KEY, "token": TOKEN, **changes}
    return dict(caller.control("POST", "subscription/save", body)["verdict"])


def stored(caller: Caller) -> Any:
    return caller.control("GET", "state")["subscription"]


def test_save_stores_what_answers_the_check_with_success(
    caller: Caller, httpserver: HTTPServer, config: SandboxConfig
) -> None:
    receiver = Receiver(server=httpserver, owner_key=config.app_key)
    verdict = save(caller, receiver.url)
    assert (verdict["saved"], verdict["outcome"], verdict["word"]) == (True, "ok", "success")
    assert receiver.events == [{"EventType": "check_url"}]
    assert stored(caller)["url"] == receiver.url


def slow(_request: Request) -> Response:
    time.sleep(0.4)
    return Response("{}")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda _request: Response("", status=302, headers={"Location": "/elsewhere"}), "redirect"),
        (lambda _request: Response("no", status=403), "not_200"),
        (lambda _request: Response("success"), "not_json"),
        (lambda _request: Response("[]", content_type="application/json"), "not_json"),
        (lambda _request: Response(json.dumps({"msg_signature": "x", "timeStamp": "1"})), "field_missing"),
        (slow, "too_slow"),
    ],
)
def test_save_says_what_is_wrong_about_an_answer_and_stores_nothing(
    caller: Caller, httpserver: HTTPServer, answer: Callable[[Request], Response], outcome: str
) -> None:
    caller.control("PUT", "settings", {"delivery_timeout_milliseconds": 250})
    httpserver.expect_request("/callback").respond_with_handler(answer)
    verdict = save(caller, httpserver.url_for("/callback"))
    assert (verdict["saved"], verdict["outcome"]) == (False, outcome)
    assert stored(caller) is None


@pytest.mark.parametrize(
    ("word", "owner_key", "changes", "outcome"),
    [
        ("failure", "", {}, "not_success"),
        ("success", "dingSomebody", {}, "wrong_owner"),
        ("success", "", {"token": "othertoken"}, "signature_wrong"),
        ("success", "", {"aes_key": "0" * 43}, "will_not_decrypt"),
    ],
)
def test_save_notices_a_reply_made_with_other_secrets(
    caller: Caller,
    httpserver: HTTPServer,
    config: SandboxConfig,
    word: str,
    owner_key: str,
    changes: dict[str, Any],
    outcome: str,
) -> None:
    receiver = Receiver(server=httpserver, owner_key=config.app_key)
    httpserver.expect_request("/blind").respond_with_handler(
        lambda _request: receiver.reply(word, owner_key=owner_key)
    )
    assert save(caller, httpserver.url_for("/blind"), **changes)["outcome"] == outcome
    assert stored(caller) is None


def test_save_notices_that_nothing_listens(caller: Caller) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert save(caller, f"http://127.0.0.1:{port}/")["outcome"] == "not_reachable"
    assert save(caller, "http://no-such-host.invalid/")["outcome"] in ("not_reachable", "too_slow")


def test_save_gives_up_on_an_answer_that_trickles(caller: Caller) -> None:
    caller.control("PUT", "settings", {"delivery_timeout_milliseconds": 300})
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_trickle, args=(server,), daemon=True)
        thread.start()
        started = time.monotonic()
        verdict = save(caller, f"http://127.0.0.1:{server.getsockname()[1]}/")
        assert verdict["outcome"] == "too_slow"
        assert time.monotonic() - started < 3
        thread.join(5)


def _trickle(server: socket.socket) -> None:
    connection, _address = server.accept()
    with connection:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(20):
                connection.sendall(b" ")
                time.sleep(0.1)
        except OSError:
            return


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://x", "aes_key": AES_KEY, "token": TOKEN},
        {"url": "http://x", "aes_key": "short", "token": TOKEN},
        {"url": "http://x", "aes_key": AES_KEY, "token": "a-b"},
        {"url": "http://x", "aes_key": AES_KEY, "token": TOKEN, "events": ["typo"]},
        {"url": "http://x"},
    ],
)
def test_a_subscription_the_console_would_not_take_is_refused(caller: Caller, body: dict[str, Any]) -> None:
    assert caller.control("PUT", "subscription", body)["error"]


def test_a_failed_push_is_tried_again_and_then_delivered_once(caller: Caller, receiver: Receiver) -> None:
    caller.control("PUT", "settings", FAST)
    receiver.failures_left = 2
    subscribe(caller, receiver.url, events=["bpms_instance_change"])
    caller.start(caller.make_template())
    until(lambda: receiver.events)
    delivery = caller.control("GET", "deliveries")["deliveries"][0]
    assert [attempt["outcome"] for attempt in delivery["attempts"]][:2] == ["not_200", "not_200"]


def test_after_three_failures_the_event_waits_in_the_failed_list_which_reading_empties(
    caller: Caller, receiver: Receiver
) -> None:
    caller.control("PUT", "settings", FAST)
    receiver.failures_left = 3
    subscribe(caller, receiver.url, events=["bpms_instance_change"])
    instance = caller.start(caller.make_template())
    until(lambda: caller.control("GET", "state")["counts"]["deliveries"]["failed"] == 1)
    first, second = (failed_events(caller) for _ in "12")
    assert (first["errcode"], first["has_more"], second["failed_list"]) == (0, False, [])
    entry = first["failed_list"][0]
    assert entry["call_back_tag"] == "bpms_instance_change"
    assert entry["bpms_instance_change"]["bpmsCallBackData"]["processInstanceId"] == instance
    assert receiver.events == []


def failed_events(caller: Caller) -> dict[str, Any]:
    url = f"{caller.url}/call_back/get_call_back_failed_result"
    return dict(caller.http.get(url, params={"access_token": caller.token}).json())


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("lost_event", ["finish"]),
        ("duplicate_event", ["start", "start", "finish"]),
        ("reordered_events", ["finish", "start"]),
        ("late_event", ["finish", "start"]),
    ],
)
def test_events_get_lost_doubled_late_or_out_of_order(
    caller: Caller, receiver: Receiver, fault: str, expected: list[str]
) -> None:
    subscribe(caller, receiver.url, events=["bpms_instance_change"])
    caller.control("POST", "faults", {"fault": fault, "operation": "bpms_instance_change", "seconds": 3})
    instance = caller.start(caller.make_template())
    caller.act(instance, person="chen", action="agree")
    until(lambda: len(receiver.events) == len(expected), seconds=15)
    assert [event["type"] for event in receiver.events] == expected
    assert len({event["eventId"] for event in receiver.events}) == len(set(expected))


@pytest.mark.parametrize("part", ["aes_key", "token", "owner"])
def test_an_event_sealed_with_a_wrong_key_cannot_be_read(
    caller: Caller, receiver: Receiver, part: str
) -> None:
    subscribe(caller, receiver.url, events=["bpms_instance_change"])
    caller.control("POST", "faults", {"fault": "wrong_key", "part": part})
    caller.start(caller.make_template())
    until(lambda: receiver.unreadable)
    assert receiver.events == []


def test_only_ticked_events_of_the_filter_are_pushed(caller: Caller, receiver: Receiver) -> None:
    code, other = caller.make_template(), caller.make_template(name="Other")
    subscribe(caller, receiver.url, events=["bpms_instance_change"], types=["finish"], process_codes=[code])
    for each in (other, code):
        caller.act(caller.start(each), person="chen", action="agree")
    until(lambda: receiver.events)
    assert [(event["type"], event["processCode"]) for event in receiver.events] == [("finish", code)]


def test_the_older_signature_name_and_owner_key_can_be_chosen(
    caller: Caller, httpserver: HTTPServer, config: SandboxConfig
) -> None:
    caller.control("PUT", "settings", {"signature_parameter": "signature", "owner_key_kind": "corp_id"})
    receiver = Receiver(server=httpserver, owner_key=config.corp_id)
    assert save(caller, receiver.url)["saved"] is True
    assert "msg_signature" not in receiver.queries[0]


def test_events_made_by_hand_go_out_as_they_are(caller: Caller, receiver: Receiver) -> None:
    payload = {"EventType": "bpms_task_change", "type": "comment", "content": "你好"}
    caller.control("POST", "events", {"payload": payload})
    caller.control("POST", "events", {"envelope": {"encrypt": "not sealed"}})
    until(lambda: receiver.events and receiver.unreadable)
    assert receiver.events == [payload]


def test_a_decision_names_the_tasks_of_the_others(caller: Caller, receiver: Receiver) -> None:
    code = caller.make_template()
    node = {"rule": "specified_members", "people": ["kate", "dora"], "mode": "any"}
    caller.control("PUT", f"templates/{code}/flow", {"nodes": [node]})
    instance = caller.start(code)
    caller.act(instance, person="dora", action="agree")
    until(lambda: len(receiver.events) == 6)
    assert [(event["type"], event["staffId"]) for event in receiver.events[3:]] == [
        ("finish", "dora"),
        ("cancel", "kate"),
        ("finish", "bob"),
    ]
    assert receiver.events[5]["url"].endswith("#approval")
