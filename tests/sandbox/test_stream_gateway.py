"""The sandbox's Stream gateway, heard by DingTalk's own client, unmodified; and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from alibabacloud_dingtalk.gateway_1_0 import models as gateway
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.portal_world import csrf_token

from .caller import Caller, until
from .official_stream import OfficialClient, official_client

FAST = {"stream_ack_seconds": 0.3, "stream_closing_seconds": 0.5, "stream_ping_seconds": 0.2}
LONG = 90.0


def ask(caller: Caller, *, accept: str = "application/json", **changes: Any) -> requests.Response:
    body = {
        "clientId": caller.config.app_key,
        "clientSecret": caller.config.app_secret,
        "subscriptions": [{"type": "EVENT", "topic": "*"}],
        "ua": "test",
        **changes,
    }
    address = f"{caller.url}/v1.0/gateway/connections/open"
    return caller.http.post(address, json=body, headers={"Accept": accept})


def address_of(answer: requests.Response) -> str:
    given = answer.json()
    return f"{given['endpoint']}?ticket={given['ticket']}"


def choose_stream(caller: Caller, **changes: Any) -> None:
    caller.control("PUT", "settings", FAST | changes)
    answer = caller.control("PUT", "subscription", {"mode": "stream"})
    assert answer["subscription"]["mode"] == "stream", answer


def connections(caller: Caller) -> list[dict[str, Any]]:
    return list(caller.control("GET", "stream")["connections"])


def deliveries(caller: Caller) -> list[dict[str, Any]]:
    return list(caller.control("GET", "deliveries")["deliveries"])


def are_delivered(caller: Caller) -> bool:
    return {each["state"] for each in deliveries(caller)} == {"delivered"}


def next_frame(websocket: ClientConnection, *, kind: str, topic: str) -> dict[str, Any]:
    """Return the next frame of a kind, leaving out the others."""
    while True:
        frame = dict(json.loads(websocket.recv(timeout=LONG)))
        if frame["type"] == kind and frame["headers"]["topic"] == topic:
            return frame


def acknowledge(websocket: ClientConnection, frame: dict[str, Any], *, status: str = "SUCCESS") -> None:
    headers = {"messageId": frame["headers"]["messageId"], "contentType": "application/json"}
    content = json.dumps({"status": status, "message": ""})
    websocket.send(json.dumps({"code": 200, "headers": headers, "message": "OK", "data": content}))


@pytest.fixture
def client(tmp_path: Path, caller: Caller) -> Iterator[OfficialClient]:
    with official_client(tmp_path, caller.config, url=caller.url) as started:
        until(lambda: connections(caller), seconds=LONG)
        yield started


def test_the_official_client_hears_start_and_finish(caller: Caller, client: OfficialClient) -> None:
    choose_stream(caller)
    instance_id = caller.start(caller.make_template())
    caller.act(instance_id, person="chen", action="agree", remark="好")
    told = until(lambda: len(client.events) >= 4 and client.events, seconds=LONG)
    assert {(each["type"], each["content"]["type"]) for each in told} == {
        ("bpms_instance_change", "start"),
        ("bpms_instance_change", "finish"),
        ("bpms_task_change", "start"),
        ("bpms_task_change", "finish"),
    }
    assert {each["corp_id"] for each in told} == {caller.config.corp_id}
    assert {each["content"]["processInstanceId"] for each in told} == {instance_id}
    assert not {"EventType", "CorpId", "eventId"} & set(told[0]["content"]), "they stand in the headers"
    until(lambda: are_delivered(caller), seconds=LONG)


def test_the_official_client_comes_back_after_a_planned_end_and_misses_nothing(
    caller: Caller, client: OfficialClient
) -> None:
    choose_stream(caller, stream_attempts=100)
    first = connections(caller)[0]["id"]
    assert caller.control("POST", "stream/end", {}) == {"ended": 1}
    caller.start(caller.make_template())
    until(lambda: [each["id"] for each in connections(caller)] not in ([], [first]), seconds=LONG)
    until(lambda: len(client.events) >= 2 and are_delivered(caller), seconds=LONG)


def test_an_event_whose_acknowledgement_is_lost_comes_again_as_the_same_event(
    caller: Caller, client: OfficialClient
) -> None:
    choose_stream(caller)
    caller.control("POST", "faults", {"fault": "lost_ack", "operation": "bpms_instance_change", "part": ""})
    caller.start(caller.make_template())
    until(lambda: len(client.events) >= 3 and are_delivered(caller), seconds=LONG)
    ids = [each["id"] for each in client.events if each["type"] == "bpms_instance_change"]
    assert len(ids) >= 2
    assert len(set(ids)) == 1


def test_of_two_connections_each_message_goes_to_one(caller: Caller) -> None:
    choose_stream(caller, stream_ack_seconds=60)
    with connect(address_of(ask(caller))) as one, connect(address_of(ask(caller))) as other:
        until(lambda: len(connections(caller)) == 2)
        caller.start(caller.make_template())
        frames = [next_frame(each, kind="EVENT", topic="*") for each in (one, other)]
        for websocket, frame in zip((one, other), frames, strict=True):
            acknowledge(websocket, frame)
        until(lambda: are_delivered(caller))
    assert len({frame["headers"]["eventId"] for frame in frames}) == 2
    assert [len(each["attempts"]) for each in deliveries(caller)] == [1, 1]


def test_later_brings_the_event_again(caller: Caller) -> None:
    choose_stream(caller, stream_ack_seconds=3)
    with connect(address_of(ask(caller))) as websocket:
        until(lambda: connections(caller))
        caller.control("POST", "events", {"payload": {"EventType": "bpms_task_change", "eventId": "e-1"}})
        first = next_frame(websocket, kind="EVENT", topic="*")
        acknowledge(websocket, first, status="LATER")
        again = next_frame(websocket, kind="EVENT", topic="*")
        acknowledge(websocket, again)
        until(lambda: are_delivered(caller))
    assert first["headers"]["eventId"] == again["headers"]["eventId"] == "e-1"
    outcomes = [each["outcome"] for each in deliveries(caller)[0]["attempts"]]
    assert (outcomes[0], outcomes[-1]) == ("later", "ok")


def test_what_nobody_hears_fails_in_the_end(caller: Caller) -> None:
    choose_stream(caller, stream_ack_seconds=0.05, stream_attempts=2)
    caller.control("POST", "events", {"payload": {"EventType": "bpms_task_change"}})
    until(lambda: deliveries(caller)[0]["state"] == "failed")
    assert [each["outcome"] for each in deliveries(caller)[0]["attempts"]] == ["not_connected"] * 2


def test_pings_carry_something_to_give_back(caller: Caller) -> None:
    choose_stream(caller)
    with connect(address_of(ask(caller))) as websocket:
        ping = next_frame(websocket, kind="SYSTEM", topic="ping")
    assert json.loads(ping["data"])["opaque"]


def test_a_planned_end_is_announced_and_then_closes(caller: Caller) -> None:
    choose_stream(caller)
    with connect(address_of(ask(caller))) as websocket:
        until(lambda: connections(caller))
        caller.control("POST", "stream/end", {})
        frame = next_frame(websocket, kind="SYSTEM", topic="disconnect")
        assert json.loads(frame["data"])["reason"]
        assert connections(caller) == [], "it gets no messages any more"
        with pytest.raises(ConnectionClosed):
            next_frame(websocket, kind="EVENT", topic="*")


def test_with_the_pushes_used_up_a_frame_has_a_code_and_no_content(caller: Caller) -> None:
    choose_stream(caller, stream_push_quota_used_up=True)
    with connect(address_of(ask(caller))) as websocket:
        until(lambda: connections(caller))
        caller.start(caller.make_template())
        frame = next_frame(websocket, kind="EVENT", topic="*")
    assert (frame["errCode"], frame["data"]) == (20001, "")


def test_a_ticket_is_good_once_and_only_for_a_while(caller: Caller) -> None:
    address = address_of(ask(caller))
    with connect(address):
        pass
    for used in (address, address.replace("ticket=", "ticket=x")):
        with pytest.raises(InvalidStatus):
            connect(used)
    caller.control("PUT", "settings", {"stream_ticket_seconds": 0})
    with pytest.raises(InvalidStatus):
        connect(address_of(ask(caller)))


@pytest.mark.parametrize("part", ["clientId", "clientSecret"])
def test_wrong_credentials_are_refused_with_their_code(caller: Caller, part: str) -> None:
    answer = ask(caller, **{part: "another"})
    assert (answer.status_code, answer.json()["code"]) == (401, "authFailed")


@pytest.mark.parametrize(
    "topics", [None, [], "*", [{"type": "EVENT"}], [{"type": "ELSE", "topic": "*"}], [1]]
)
def test_without_topics_there_is_no_connection(caller: Caller, topics: Any) -> None:
    assert ask(caller, subscriptions=topics).status_code == 400


def test_who_does_not_ask_for_json_gets_xml(caller: Caller) -> None:
    answer = ask(caller, accept="*/*")
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert "<ticket>" in answer.text


def test_the_answer_fits_the_official_model(caller: Caller) -> None:
    answer = ask(caller).json()
    assert gateway.OpenConnectionResponseBody().from_map(answer).to_map() == answer


def test_the_channel_is_verified_only_while_a_client_is_connected(caller: Caller) -> None:
    verdict = caller.control("POST", "subscription/save", {"mode": "stream"})["verdict"]
    assert (verdict["saved"], verdict["outcome"]) == (False, "not_connected")
    assert caller.control("GET", "state")["subscription"] is None
    with connect(address_of(ask(caller))):
        until(lambda: connections(caller))
        assert caller.control("POST", "subscription/save", {"mode": "stream"})["verdict"]["saved"]
    assert caller.control("GET", "state")["subscription"]["mode"] == "stream"


def test_a_person_verifies_the_channel_on_the_console_and_ends_connections_there(caller: Caller) -> None:
    page = f"{caller.url}/console/events"
    with connect(address_of(ask(caller))):
        until(lambda: connections(caller))
        shown = caller.http.get(page).text
        form = {"csrf_token": csrf_token(shown), "mode": "stream", "events": ["bpms_instance_change"]}
        saved = caller.http.post(page, data=form, headers={"Referer": page})
        assert saved.status_code == 200, saved.text
        caller.http.post(f"{page}/disconnection", data=form, headers={"Referer": page})
        until(lambda: not connections(caller))
    assert caller.control("GET", "state")["subscription"]["events"] == ["bpms_instance_change"]
    assert caller.http.post(page, data=form, headers={"Referer": page}).status_code == 409
