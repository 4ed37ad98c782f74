"""How events arrive: the choice, what it asks of DingTalk's console, and who listens."""

from __future__ import annotations

import pytest

from portal.channels.failures import Failure, OwnFailure, Retry
from portal.services.events.stream_connections import ListenerState, SignOfLife
from tests.portal_world import World
from tests.services.story import audited
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words

LISTENERS = f"{PAGE}/event-road/listeners"


def section(alice: AdminBrowser) -> str:
    return alice.get(f"{PAGE}/sections/event_road", has_script=True).text


def choose(alice: AdminBrowser, road: str, *, has_script: bool = True, version: str = "") -> str:
    version = version or hidden(section(alice), "version")
    answer = alice.post("/event-road", has_script=has_script, event_road=road, version=version)
    return answer.text


def listen(world: World, state: ListenerState, failure: Failure | None = None) -> None:
    """Leave a sign of life, as a listener would."""
    now = world.clock.now()
    sign = SignOfLife(
        listener="host-1",
        state=state,
        connected_at=now if state == ListenerState.CONNECTED else None,
        last_event_at=None,
        reconnects=3,
        failure=failure,
    )
    with world.app.app_context():
        world.services.stream_connections.beat(sign)


@pytest.mark.parametrize("has_script", [True, False])
def test_stream_is_chosen_and_audited(world: World, alice: AdminBrowser, has_script: bool) -> None:
    version = hidden(section(alice), "version")
    answer = alice.post("/event-road", has_script=has_script, event_road="stream", version=version)
    if has_script:
        assert answer.headers["HX-Trigger"] == '{"event-road-chosen": true}'
        assert "Saved" in words(answer.text)
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}#event-road")
    (entry,) = world.look(lambda: audited("event_road.chosen"))
    assert (entry.before, entry.after) == ({"event_road": "callback"}, {"event_road": "stream"})


@pytest.mark.parametrize("road", ["", "failed_push_list", "carrier_pigeon"])
def test_there_are_only_two_roads(world: World, alice: AdminBrowser, road: str) -> None:
    version = hidden(section(alice), "version")
    assert alice.post("/event-road", has_script=True, event_road=road, version=version).status_code == 422
    assert world.look(world.services.approval_settings.current).event_road == "callback"


def test_of_two_admins_the_second_is_told(alice: AdminBrowser) -> None:
    version = hidden(section(alice), "version")
    choose(alice, "stream", version=version)
    answer = alice.post("/event-road", has_script=True, event_road="callback", version=version)
    assert answer.status_code == 409
    assert hidden(answer.text, "version") != version


def test_what_to_copy_is_the_callback_only_where_it_is_called(alice: AdminBrowser) -> None:
    assert "/callbacks/dingtalk" in alice.get().text
    choose(alice, "stream")
    page = alice.get().text
    assert "/callbacks/dingtalk" not in page
    assert "已完成接入，验证连接通道" in page


def test_while_nobody_listens_the_page_says_what_to_start(alice: AdminBrowser) -> None:
    page = choose(alice, "stream")
    assert "Nobody listens" in words(page)
    assert "portal stream" in words(page)
    assert "every 4s" in page, "it looks again until somebody does"


def test_a_listener_that_cannot_connect_is_shown_with_the_remedy(world: World, alice: AdminBrowser) -> None:
    choose(alice, "stream")
    failure = Failure(
        kind="credentials_wrong",
        retry=Retry.PERMANENT,
        operation="openConnection",
        code="authFailed",
        http_status=401,
        message="鉴权失败",
    )
    listen(world, ListenerState.WAITING, failure)
    said = words(alice.get(LISTENERS, has_script=True).text)
    assert "DingTalk API call failed[openConnection], [authFailed - code: 401, 鉴权失败]" in said
    assert "Not connected, tries again" in said
    assert "The portal listens but is not connected" in words(alice.get().text)


@pytest.mark.parametrize(
    "kind", [OwnFailure.PUSHES_USED_UP, OwnFailure.STREAM_LIBRARY_MISSING, OwnFailure.STREAM_UNREACHABLE]
)
def test_every_failure_of_stream_has_words_of_its_own(
    world: World, alice: AdminBrowser, kind: OwnFailure
) -> None:
    choose(alice, "stream")
    facts = {"error": "ConnectionRefusedError"}
    listen(world, ListenerState.WAITING, Failure(kind=kind, retry=Retry.RETRYABLE, facts=facts))
    said = words(section(alice))
    assert "unexpected" not in said.lower()
    assert "%(" not in said


def test_a_listener_that_fell_silent_is_nobody(world: World, alice: AdminBrowser) -> None:
    choose(alice, "stream")
    listen(world, ListenerState.CONNECTED)
    assert "Connected since" in words(section(alice))
    world.let_pass(minutes=5)
    assert "Nobody listens" in words(section(alice))


def test_with_stream_chosen_a_missing_callback_is_no_fault(world: World, alice: AdminBrowser) -> None:
    choose(alice, "stream")
    listen(world, ListenerState.CONNECTED)
    said = words(alice.get(f"{PAGE}/sections/callback_health", has_script=True).text)
    assert "Connected by Stream, but nothing has come" in said
    assert "Address checked by DingTalk" not in said


def test_only_admins_choose_and_look(world: World, alice: AdminBrowser) -> None:
    client = world.client("bob")
    assert client.get(LISTENERS).status_code == 404 or client.get(LISTENERS).status_code == 403
    answer = client.post(f"{PAGE}/event-road", data={"event_road": "stream", "version": "1"})
    assert answer.status_code in (400, 403, 404)
    assert world.look(world.services.approval_settings.current).event_road == "callback"
