"""What the callback takes in: stored once, answered with the encrypted word, nothing else done."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import text

from portal.database import transaction
from portal.extensions import db
from portal.models import DingTalkApp
from tests.portal_world import APP_KEY, CORP_ID, World
from tests.services.engines import on_both_engines
from tests.web.callbacks.calling import (
    event,
    everything_but_tallies,
    opened,
    post_event,
    post_sealed,
    seal,
    stored,
    tallies,
)

pytestmark = on_both_engines


@pytest.mark.parametrize("name", ["msg_signature", "signature"])
def test_an_event_is_kept_raw_and_answered_with_success_that_another_library_decrypts(
    world: World, name: str
) -> None:
    message = event(remark="好的，没问题 👍🏽")
    answer = post_sealed(world, seal(message), name=name)

    assert (answer.status_code, opened(answer)) == (200, "success")
    (row,) = stored(world)
    assert (row.state, row.kind, row.owner_key_kind) == ("received", "start", "app_key")
    assert "好的，没问题 👍🏽" in row.payload


def test_an_event_sealed_for_the_corp_id_is_accepted_and_recorded(world: World) -> None:
    answer = post_event(world, event(), owner_key=CORP_ID)
    assert (answer.status_code, opened(answer, owner_key=CORP_ID)) == (200, "success")
    assert [row.owner_key_kind for row in stored(world)] == ["corp_id"]


def test_a_replayed_event_is_answered_alike_and_stored_once(world: World) -> None:
    message = event()
    answers = [post_event(world, message) for _ in range(3)]
    assert [(answer.status_code, opened(answer)) for answer in answers] == [(200, "success")] * 3
    assert len(stored(world)) == 1


def test_the_same_event_arriving_at_the_same_moment_is_stored_once(world: World) -> None:
    encrypt, answers = seal(event()), []
    senders = [threading.Thread(target=lambda: answers.append(post_sealed(world, encrypt))) for _ in range(6)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len(stored(world)) == 1


def test_the_check_of_the_address_is_answered_and_recorded_but_is_no_event(world: World) -> None:
    answer = post_event(world, {"EventType": "check_url"})
    assert (answer.status_code, opened(answer)) == (200, "success")
    assert stored(world) == []
    assert world.look(lambda: db.session.get_one(DingTalkApp, 1).check_url_at) is not None


def test_saving_the_subscription_in_dingtalk_passes_its_check(world: World) -> None:
    verdict = world.control(
        "POST",
        "/subscription/save",
        {
            "url": f"{world.portal_url}/callbacks/dingtalk",
            "aes_key": world.settings.initial_binding.callback_aes_key,
            "token": world.settings.initial_binding.callback_token,
        },
    )
    assert verdict["verdict"]["saved"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {"EventType": "x" * 300, "type": "y" * 300},
        {"processInstanceId": "i" * 400, "processCode": "p" * 400},
        {"eventId": "e" * 400},
        {"eventId": "null \u0000 inside", "processInstanceId": "\u0000", "type": "\u0000"},
        {"remark": "\u0000"},
        {"type": None, "processCode": None, "processInstanceId": None, "eventId": None},
        {"type": ["finish"], "processInstanceId": {"a": 1}, "eventId": 7},
        {"EventTime": 10**30, "finishTime": -1},
    ],
)
def test_an_event_of_an_odd_shape_is_kept_or_refused_and_never_an_error_of_ours(
    world: World, changes: dict[str, object]
) -> None:
    answer = post_event(world, event(**changes))
    assert answer.status_code in (200, 400)
    assert len(stored(world)) == (answer.status_code == 200)
    world.work()


@pytest.mark.parametrize("field", ["EventType", "type", "processInstanceId", "eventId", "remark"])
def test_half_a_character_in_an_event_is_never_an_error_of_ours(world: World, field: str) -> None:
    message = (
        '{"EventType": "bpms_instance_change", "eventId": "e1", "processInstanceId": "i", "%s": "\\ud83d"}'
    )
    assert post_event(world, message % field).status_code in (200, 400)
    world.work()


def test_nobody_is_called_and_nothing_else_is_touched_on_the_way_in(world: World) -> None:
    calls, before = world.control("GET", "/calls"), everything_but_tallies(world)
    post_event(world, event())
    after = everything_but_tallies(world)
    assert world.control("GET", "/calls") == calls
    assert {name for name in after if after[name] != before[name]} == {"portal_callback_event"}
    assert tallies(world) == {}


def test_a_binding_that_cannot_be_read_is_never_success_and_no_other_error(world: World) -> None:
    def rename(before: str, after: str) -> None:
        with world.app.app_context(), transaction() as session:
            session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    rename("portal_dingtalk_app", "portal_elsewhere")
    try:
        answer = post_event(world, event())
    finally:
        rename("portal_elsewhere", "portal_dingtalk_app")
    assert (answer.status_code, answer.json()) == (503, {"error": "not_stored"})
    assert stored(world) == []
    assert post_event(world, event()).status_code == 200


def test_events_and_refusals_that_come_together_are_all_kept_and_all_counted(world: World) -> None:
    sealed = [seal(event()) for _ in range(30)]

    def send(number: int) -> int:
        token = {} if number % 3 else {"token": "another"}
        return post_sealed(world, sealed[number], **token).status_code

    with ThreadPoolExecutor(8) as senders:
        statuses = list(senders.map(send, range(30)))
    assert statuses == [200 if number % 3 else 403 for number in range(30)]
    assert len(stored(world)) == 20
    assert {reason: row.count for reason, row in tallies(world).items()} == {"signature": 10}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_the_callback_takes_nothing_but_posts(world: World, method: str) -> None:
    answer = requests.request(method, f"{world.portal_url}/callbacks/dingtalk", timeout=10)
    assert answer.status_code == 405
    assert "<" not in answer.text
    assert APP_KEY not in answer.text
