"""The portal's own call to its callback address is answered like DingTalk's and hides nothing of DingTalk's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import delete

from portal.channels.dingtalk.callback import OWN_CHECK
from portal.database import transaction
from portal.extensions import db
from portal.models import CallbackEvent, CallbackTally, DingTalkApp
from tests.portal_world import AES_KEY, World
from tests.web.callbacks.calling import event, opened, post_event, stored, tallies


@pytest.fixture(autouse=True)
def _leave_the_portal_well(world: World) -> Iterator[None]:
    yield
    with world.app.app_context(), transaction() as session:
        session.execute(delete(CallbackTally))
        session.execute(delete(CallbackEvent).where(CallbackEvent.instance_id == "unknown-instance"))


def checked_at(world: World) -> object:
    return world.look(lambda: db.session.get_one(DingTalkApp, 1).check_url_at)


def test_it_is_answered_with_the_sealed_word_and_leaves_no_trace(world: World) -> None:
    before, events = checked_at(world), len(stored(world))
    answer = post_event(world, {"EventType": "check_url", OWN_CHECK: True})
    assert (answer.status_code, opened(answer)) == (200, "success")
    assert (checked_at(world), len(stored(world))) == (before, events)


def test_dingtalks_own_check_is_kept(world: World) -> None:
    before = checked_at(world)
    post_event(world, {"EventType": "check_url"})
    assert checked_at(world) != before


def test_the_mark_hides_no_event(world: World) -> None:
    marked = event(**{OWN_CHECK: True})
    assert post_event(world, marked).status_code == 200
    assert f"id:{marked['eventId']}" in {each.event_key for each in stored(world)}


def test_without_the_keys_the_mark_is_worth_nothing(world: World) -> None:
    sealed_wrongly = post_event(world, {"EventType": "check_url", OWN_CHECK: True}, aes_key=AES_KEY[::-1])
    assert sealed_wrongly.status_code == 400
    assert "undecryptable" in tallies(world)


def test_a_mark_that_is_not_exactly_ours_is_dingtalks_check(world: World) -> None:
    before = checked_at(world)
    post_event(world, {"EventType": "check_url", OWN_CHECK: "true"})
    assert checked_at(world) != before
