"""What the callback refuses: with a telling status, counted by the hour, and nothing else changed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import requests
from sqlalchemy import delete, text, update

from portal.database import transaction
from portal.extensions import db
from portal.models import DingTalkApp
from portal.services.events.callback_intake import LARGEST_BODY_BYTES
from portal.services.events.refusal_tally import SAMPLES_KEPT
from tests.portal_world import CORP_ID, World
from tests.web.callbacks.calling import (
    event,
    everything_but_tallies,
    post,
    post_event,
    post_sealed,
    query_for,
    seal,
    stored,
    tallies,
)

OTHER_AES_KEY = "z" * 43
SEALED = seal(event())


def unsigned(query: dict[str, str]) -> Callable[[World], requests.Response]:
    return lambda world: post(world, query=query, body=json.dumps({"encrypt": SEALED}).encode())


def body(given: bytes, encrypt: str = "") -> Callable[[World], requests.Response]:
    return lambda world: post(world, query=query_for(encrypt), body=given)


def sealed(message: object, **sealing: str) -> Callable[[World], requests.Response]:
    return lambda world: post_event(world, message, **sealing)


REFUSED = {
    "wrong token": (lambda world: post_sealed(world, SEALED, token="another"), 403, "signature"),
    "changed signature": (unsigned({**query_for(SEALED), "msg_signature": "0" * 40}), 403, "signature"),
    "signature in Chinese": (unsigned({**query_for(SEALED), "msg_signature": "签名"}), 403, "signature"),
    "changed nonce": (unsigned({**query_for(SEALED), "nonce": "another"}), 403, "signature"),
    "no query": (unsigned({}), 400, "query_incomplete"),
    "no nonce": (unsigned({**query_for(SEALED), "nonce": ""}), 400, "query_incomplete"),
    "empty body": (body(b""), 400, "not_json"),
    "a form": (body(b"encrypt=abc"), 400, "not_json"),
    "a list": (body(b'["encrypt"]'), 400, "not_json"),
    "no encrypt": (body(b'{"encrypted": "abc"}'), 400, "not_json"),
    "a number": (body(b'{"encrypt": 7}'), 400, "not_json"),
    "not ascii": (body('{"encrypt": "密文"}'.encode()), 400, "not_json"),
    "not utf-8": (body(b'\xff\xfe{"encrypt": "abc"}'), 400, "not_json"),
    "nested deep": (body(b"[" * 100_000), 400, "not_json"),
    "not base64": (lambda world: post_sealed(world, "###"), 400, "undecryptable"),
    "nothing sealed": (lambda world: post_sealed(world, ""), 400, "undecryptable"),
    "half a block": (lambda world: post_sealed(world, SEALED[:20]), 400, "undecryptable"),
    "cut off": (lambda world: post_sealed(world, SEALED[:-24]), 400, "undecryptable"),
    "another aes_key": (sealed(event(), aes_key=OTHER_AES_KEY), 400, "undecryptable"),
    "another owner": (sealed(event(), owner_key="dinganotherapp"), 400, "wrong_owner"),
    "no owner": (sealed(event(), owner_key=""), 400, "wrong_owner"),
    "another corp": (sealed(event(CorpId="dinganothercorp")), 400, "wrong_corp"),
    "another corp in the other spelling": (sealed(event(CorpId="", corpId="other")), 400, "wrong_corp"),
    "no json inside": (sealed("hello"), 400, "bad_message"),
    "no event type": (sealed({"CorpId": CORP_ID}), 400, "bad_message"),
    "too large": (body(b" " * (LARGEST_BODY_BYTES + 1)), 413, "too_large"),
    "far too large": (body(b" " * (4 * LARGEST_BODY_BYTES)), 413, "too_large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_has_its_status_is_counted_and_changes_nothing_else(world: World, case: str) -> None:
    call, status, reason = REFUSED[case]
    calls, before = world.control("GET", "/calls"), everything_but_tallies(world)

    answer = call(world)

    assert (answer.status_code, answer.json()) == (status, {"error": reason})
    assert {name: row.count for name, row in tallies(world).items()} == {reason: 1}
    assert everything_but_tallies(world) == before
    assert world.control("GET", "/calls") == calls


def test_a_body_of_just_256_kb_is_read(world: World) -> None:
    envelope = json.dumps({"encrypt": SEALED}).encode()
    padded = envelope + b" " * (LARGEST_BODY_BYTES - len(envelope))
    assert post(world, query=query_for(SEALED), body=padded).status_code == 200


def test_without_a_bound_app_nothing_is_there(world: World) -> None:
    with world.app.app_context(), transaction() as session:
        session.execute(delete(DingTalkApp))
    assert post_sealed(world, SEALED).status_code == 404
    assert list(tallies(world)) == ["not_bound"]


def test_refusals_are_tallied_by_the_hour_with_a_few_samples_and_never_a_body(world: World) -> None:
    marked = seal(event(remark="a secret of the organisation"))
    for _ in range(SAMPLES_KEPT + 3):
        post_sealed(world, marked, token="another")
    post_sealed(world, "###")
    rows = tallies(world)
    assert (rows["signature"].count, len(rows["signature"].samples)) == (SAMPLES_KEPT + 3, SAMPLES_KEPT)
    assert {key for sample in rows["signature"].samples for key in sample} == {"at", "address"}
    assert rows["undecryptable"].count == 1

    world.let_pass(hours=1)
    post_sealed(world, marked, token="another")
    with world.app.app_context():
        hours = db.session.execute(
            text("SELECT count FROM portal_callback_tally WHERE reason = 'signature' ORDER BY hour")
        )
        assert list(hours.scalars()) == [SAMPLES_KEPT + 3, 1]


def test_a_database_that_is_locked_is_never_success(world: World) -> None:
    with world.app.app_context():
        holder = db.engine.raw_connection()
    holder.cursor().execute("BEGIN IMMEDIATE")
    answer = post_sealed(world, SEALED)
    holder.rollback()
    holder.close()

    assert (answer.status_code, answer.json()) == (503, {"error": "not_stored"})
    assert stored(world) == []
    assert post_sealed(world, SEALED).status_code == 200


@pytest.mark.parametrize("message", [event(), {"EventType": "check_url"}], ids=["event", "check_url"])
def test_what_the_database_does_not_take_is_never_success(world: World, message: dict[str, str]) -> None:
    with world.app.app_context(), transaction() as session:
        for table, change in (("portal_callback_event", "INSERT"), ("portal_dingtalk_app", "UPDATE")):
            session.execute(
                text(
                    f"CREATE TRIGGER {table}_full BEFORE {change} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
                )
            )
    try:
        answer = post_event(world, message)
    finally:
        with world.app.app_context(), transaction() as session:
            for table in ("portal_callback_event", "portal_dingtalk_app"):
                session.execute(text(f"DROP TRIGGER {table}_full"))
    assert (answer.status_code, answer.json()) == (503, {"error": "not_stored"})
    assert stored(world) == []


def test_with_another_secret_key_dingtalk_is_told_to_send_again(world: World) -> None:
    with world.app.app_context(), transaction() as session:
        sealed_aes_key = session.get_one(DingTalkApp, 1).callback_aes_key_sealed
        session.execute(update(DingTalkApp).values(callback_aes_key_sealed="v1.00000000.AAAA", version=77))

    answer = post_sealed(world, SEALED)
    assert (answer.status_code, answer.json()) == (503, {"error": "secrets_unreadable"})
    assert list(tallies(world)) == ["secrets_unreadable"]

    with world.app.app_context(), transaction() as session:
        session.execute(update(DingTalkApp).values(callback_aes_key_sealed=sealed_aes_key, version=78))
    assert post_sealed(world, SEALED).status_code == 200
