"""What comes by Stream is acknowledged once it is stored, and asked for again when it could not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dingtalk_stream.frames import EventMessage
from sqlalchemy import text

from portal.dingtalk.stream import message_of
from portal.extensions import db
from portal.models import CallbackEvent, CallbackTally
from tests.portal_world import CORP_ID, World
from tests.services.engines import on_both_engines

pytestmark = on_both_engines


def message(**changes: Any) -> str:
    told = {"EventType": "bpms_task_change", "eventId": "e-1", "CorpId": CORP_ID, "processInstanceId": "i-1"}
    return json.dumps({**told, **changes}, ensure_ascii=False)


def receive(world: World, told: str) -> bool:
    return bool(world.look(lambda: world.services.stream_intake.receive(told)))


def kept(world: World) -> list[str]:
    return list(world.look(lambda: [each.event_key for each in db.session.query(CallbackEvent)]))


@contextmanager
def database_in_trouble(world: World) -> Iterator[None]:
    """Take the inbox away for a while."""
    rename = "ALTER TABLE {} RENAME TO {}"
    names = ("portal_callback_event", "portal_callback_event_away")
    with world.app.app_context(), db.engine.begin() as connection:
        connection.execute(text(rename.format(*names)))
    try:
        yield
    finally:
        with world.app.app_context(), db.engine.begin() as connection:
            connection.execute(text(rename.format(*reversed(names))))


def test_what_could_not_be_committed_is_asked_for_again(world: World) -> None:
    with database_in_trouble(world):
        assert not receive(world, message())
    assert kept(world) == []
    assert receive(world, message())
    assert kept(world) == ["id:e-1"]


def test_the_same_event_twice_is_one(world: World) -> None:
    assert receive(world, message())
    assert receive(world, message(remark="again"))
    assert kept(world) == ["id:e-1"]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (message(CorpId="dingother"), "wrong_corp"),
        (message(CorpId=""), "wrong_corp"),
        (message(EventType=""), "bad_message"),
        ("[]", "bad_message"),
        ("{", "bad_message"),
    ],
)
def test_what_is_not_for_us_is_counted_and_not_asked_for_again(world: World, told: str, reason: str) -> None:
    assert receive(world, told)
    assert kept(world) == []
    tallies = world.look(lambda: [(each.reason, each.count) for each in db.session.query(CallbackTally)])
    assert tallies == [(reason, 1)]


HALF_A_CHARACTER = "\ud83d"  # what is left of an emoji in a title that somebody cut


def frame(*, event_id: object = "e-1", **content: object) -> EventMessage:
    headers = {"eventType": "bpms_task_change", "eventCorpId": CORP_ID, "eventId": event_id}
    told = {"type": "EVENT", "headers": headers, "data": json.dumps(content)}
    read: EventMessage = EventMessage.from_dict(told)
    return read


@pytest.mark.parametrize(
    "poisoned",
    [
        frame(title=HALF_A_CHARACTER, processInstanceId="i-1"),
        frame(title="\x00", processInstanceId="i\x001"),
        frame(event_id=HALF_A_CHARACTER),
        frame(event_id=None, processInstanceId=HALF_A_CHARACTER),
        frame(event_id={"a": [1]}, processInstanceId=["i-1"]),
        frame(event_id="e" * 5000, processInstanceId="i" * 5000, type="t" * 5000),
    ],
)
def test_what_no_database_could_store_is_kept_all_the_same(world: World, poisoned: EventMessage) -> None:
    """Else it would come again and again, and what it tells of would be lost by this road."""
    assert receive(world, message_of(poisoned))
    assert len(kept(world)) == 1


def test_an_event_for_another_organisation_cannot_say_in_its_content_that_it_is_for_ours(
    world: World,
) -> None:
    foreign = frame(corpId=CORP_ID, CorpId=CORP_ID, processInstanceId="i-1")
    foreign.headers.event_corp_id = "dingother"
    assert receive(world, message_of(foreign))
    assert kept(world) == []
