"""The callback's door in front of Flask: what it answers itself, what it leaves alone, and nothing in between."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlencode

import pytest
import requests
from flask import Flask
from werkzeug.test import Client

from portal.services.events.callback_intake import LARGEST_BODY_BYTES
from portal.web.callbacks.door import ADDRESS, CallbackDoor
from portal.web.headers import SECURITY_HEADERS
from tests.portal_world import World
from tests.web.callbacks.calling import event, post, post_event, query_for, seal, stored, tallies

SEALED = seal(event())
BODY = json.dumps({"encrypt": SEALED}).encode()


def raw(world: World, head: str, body: bytes = b"") -> bytes:
    """Send a request as it stands and return the whole answer."""
    with socket.create_connection(("127.0.0.1", world.port), timeout=20) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        return b"".join(iter(lambda: wire.recv(65536), b""))


def test_answers_carry_the_headers_of_every_other_answer(world: World) -> None:
    for answer in (post_event(world, event()), post_event(world, "not json")):
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "application/json"
        assert "Set-Cookie" not in answer.headers


def test_over_https_the_answer_asks_for_https(world: World) -> None:
    client = world.app.test_client()
    answers = [client.post(ADDRESS, base_url=f"{scheme}://localhost") for scheme in ("http", "https")]
    assert ["Strict-Transport-Security" in answer.headers for answer in answers] == [False, True]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_other_methods_are_told_what_is_allowed_and_counted_nowhere(world: World, method: str) -> None:
    answer = requests.request(method, f"{world.portal_url}{ADDRESS}", timeout=20)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert tallies(world) == {}


@pytest.mark.parametrize("path", [f"{ADDRESS}/", "/callbacks", "/callbacks/dingtalk2"])
def test_addresses_beside_it_are_no_callback(world: World, path: str) -> None:
    answer = requests.post(f"{world.portal_url}{path}", params=query_for(SEALED), data=BODY, timeout=20)
    assert answer.status_code in (400, 404, 405)
    assert stored(world) == []


def test_of_a_field_given_twice_the_first_counts(world: World) -> None:
    doubled = urlencode(query_for(SEALED)) + "&nonce=another&timestamp=1"
    answer = requests.post(f"{world.portal_url}{ADDRESS}?{doubled}", data=BODY, timeout=20)
    assert answer.status_code == 200


def test_a_query_of_absurdly_many_fields_is_refused_like_none(world: World) -> None:
    query = urlencode(query_for(SEALED)) + "&a=1" * 2000
    answer = requests.post(f"{world.portal_url}{ADDRESS}?{query}", data=BODY, timeout=20)
    assert (answer.status_code, answer.json()) == (400, {"error": "query_incomplete"})


def test_an_event_sent_in_chunks_is_taken_in(world: World) -> None:
    def chunks() -> object:
        yield BODY[:100]
        yield BODY[100:]

    url = f"{world.portal_url}{ADDRESS}"
    assert requests.post(url, params=query_for(SEALED), data=chunks(), timeout=20).status_code == 200
    assert len(stored(world)) == 1


def test_chunks_that_do_not_end_are_refused_as_too_large(world: World) -> None:
    pieces = (b" " * 65536 for _ in range(LARGEST_BODY_BYTES // 65536 + 2))
    url = f"{world.portal_url}{ADDRESS}"
    answer = requests.post(url, params=query_for(SEALED), data=pieces, timeout=20)
    assert (answer.status_code, answer.json()) == (413, {"error": "too_large"})


@pytest.mark.parametrize("length", ["", "-5", "abc", "9" * 40, "1e3", "+7"])
def test_a_length_that_is_none_is_never_an_error_of_ours(world: World, length: str) -> None:
    head = f"POST {ADDRESS} HTTP/1.1\nHost: portal\nConnection: close\nContent-Length: {length}"
    status = raw(world, head).split(b" ", 2)[1]
    assert status.startswith(b"4")


def test_a_body_without_a_length_is_no_body(world: World) -> None:
    answer = raw(world, f"POST {ADDRESS} HTTP/1.0\nHost: portal")
    assert b'{"error": "not_json"}' in answer


def test_a_fault_of_ours_is_a_500_with_a_reference_and_no_word_more() -> None:
    bare = Flask("no services in here")
    answer = Client(CallbackDoor(bare)).post(ADDRESS)
    assert answer.status_code == 500
    told = answer.get_json()
    assert set(told) == {"error", "reference"}
    assert "KeyError" not in answer.text


def test_a_forged_callback_is_refused_over_real_http_too(world: World) -> None:
    assert post(world, query=query_for(SEALED, token="another"), body=BODY).status_code == 403
