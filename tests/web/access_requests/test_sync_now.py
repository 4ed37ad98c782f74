"""Sync now on the status page, and why a request waits while the month's calls are used up."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from tests.portal_world import World, csrf_token
from tests.services.story import ask, fault, set_up, started, state_of
from tests.services.story_of_chores import metered, set_quota

HTMX = {"HX-Request": "true"}


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def press(client: FlaskClient, number: str, *, has_script: bool = False) -> tuple[int, str]:
    token = csrf_token(client.get(f"/requests/{number}").text)
    answer = client.post(
        f"/requests/{number}/reading", data={"csrf_token": token}, headers=HTMX if has_script else {}
    )
    return answer.status_code, answer.text


@pytest.mark.parametrize("has_script", [True, False])
def test_sync_now_brings_an_outcome_that_nobody_told_of(world: World, has_script: bool) -> None:
    set_up(world)
    fault(world, "lost_event", "*", count=20)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    bob = world.client("bob")
    assert 'id="sync-now"' in bob.get(f"/requests/{number}").text

    status, page = press(bob, number, has_script=has_script)
    if has_script:
        assert status == 200
        assert page.lstrip().startswith('<section id="status"')
        assert "DingTalk is being asked…" in words(page)
    else:
        assert status == 303
        assert "DingTalk is being asked" in words(bob.get(f"/requests/{number}").text)
    world.work()
    page = bob.get(f"/requests/{number}").text
    assert world.look(lambda: state_of(number)) == "approved"
    assert 'id="sync-now"' not in page


@pytest.mark.parametrize("has_script", [True, False])
def test_pressed_too_often_it_says_so(world: World, has_script: bool) -> None:
    set_up(world)
    number, _ = started(world)
    bob = world.client("bob")
    press(bob, number)
    world.work()
    status, page = press(bob, number, has_script=has_script)
    assert status == 409
    assert "DingTalk was asked a moment ago" in words(page)
    assert "about 2 min after the last time" in words(page)
    assert "DingTalk was last asked:" in words(page)


def test_to_strangers_the_address_does_not_exist_and_nobody_is_asked_to_sign_in_first(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    dora = world.client("dora")
    answer = dora.post(
        f"/requests/{number}/reading", data={"csrf_token": csrf_token(dora.get("/requests/new").text)}
    )
    assert answer.status_code == 404
    # Without a token, or without anybody signed in, nothing is done either.
    assert world.client("bob").post(f"/requests/{number}/reading").status_code in (303, 400)


def test_past_seventy_percent_people_are_told_whom_to_ask(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    set_quota(world, metered(world))
    status, page = press(world.client("bob"), number)
    assert status == 409
    assert "ask an organization admin to press Sync now" in words(page)
    assert press(world.client("alice"), number)[0] == 303


def test_a_request_that_waits_for_calls_says_so_and_the_open_page_learns_when_it_goes_on(
    world: World,
) -> None:
    set_up(world)
    first = ask(world)
    bob = world.client("bob")
    before = seen(bob.get(f"/requests/{first}").text)
    world.control("PUT", "/settings", {"monthly_quota": 1})
    world.work()
    second = ask(world)

    page = bob.get(f"/requests/{second}").text
    assert "The organisation's monthly calls to DingTalk are used up" in words(page)
    assert "Nothing is lost: the portal goes on by itself." in words(page)
    assert "about to start" not in words(page)
    assert "as soon as DingTalk allows it" in words(page)
    stopped = seen(page)
    assert stopped.endswith("-stopped")
    assert not before.endswith("-stopped")
    assert bob.get(f"/requests/{second}/status?seen={stopped}", headers=HTMX).status_code == 204
    # The one that met the limit has a notice of its own: not told twice.
    assert words(bob.get(f"/requests/{first}").text).count("monthly calls to DingTalk are used up") == 1

    world.control("PUT", "/settings", {"monthly_quota": 0})
    world.let_pass(minutes=61)
    world.work()
    answer = bob.get(f"/requests/{second}/status?seen={stopped}", headers=HTMX)
    assert answer.status_code == 200
    assert "used up" not in words(answer.text)
    world.work_until(lambda: state_of(second) == "pending")


def seen(page: str) -> str:
    found = re.search(r"status\?seen=([^\"&]+)", page)
    assert found, "the page does not look again"
    return found[1]
