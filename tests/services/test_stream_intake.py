"""What comes by Stream is acknowledged once it is stored, and asked for again when it could not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

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
