"""Parked events: an admin sees what DingTalk sent, why nothing came of it, and decides."""

from __future__ import annotations

import html
import json
import re

import pytest

from portal.services.events.parked_events import LIST_LIMIT
from portal.web.approval_settings.payload import readable_payload
from tests.portal_world import World, csrf_token
from tests.services.events_by_hand import keep_event, look_at, park_event
from tests.services.story import audited
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words

EVENTS = f"{PAGE}/events"
HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>"


def test_without_parked_events_the_page_says_that_all_is_well(alice: AdminBrowser) -> None:
    assert "No event waits for a decision" in words(alice.get(EVENTS).text)


def test_the_list_tells_of_each_event_what_it_is_and_why_it_waits(world: World, alice: AdminBrowser) -> None:
    park_event(world, "a", kind="terminate", road="failed_push_list")
    park_event(world, "b", reason="broken:IntegrityError")
    park_event(world, "c", reason="a reason of a later version")
    read = words(alice.get(EVENTS).text)
    for told in ("Nobody's approval", "terminate", "instance-a", "List of failed pushes"):
        assert told in read
    assert "The portal failed on it" in read
    assert "Could not be understood" in read


def test_the_list_goes_on_with_older_events(world: World, alice: AdminBrowser) -> None:
    ids = [park_event(world, f"event-{number}") for number in range(LIST_LIMIT + 1)]
    first = alice.get(EVENTS).text
    (older,) = re.findall(r'href="(/settings/approval/events\?older_than=\d+)"', first)
    second = alice.get(older).text
    assert f'{EVENTS}/{ids[0]}"' not in first
    assert f'{EVENTS}/{ids[0]}"' in second
    assert "There are no older events." in words(alice.get(f"{EVENTS}?older_than={ids[0]}").text)


@pytest.mark.parametrize("older_than", ["x", "-1", "9" * 30, "１"])
def test_an_address_mistyped_shows_the_newest(world: World, alice: AdminBrowser, older_than: str) -> None:
    park_event(world, "a")
    answer = alice.client.get(EVENTS, query_string={"older_than": older_than})
    assert answer.status_code == 200
    assert "instance-a" in answer.text


def test_a_payload_is_text_however_it_reads(world: World, alice: AdminBrowser) -> None:
    payload = {
        "EventType": "bpms_instance_change",
        "title": f"{HOSTILE} 张三的申请 👩‍💻",
        "turned": "\u202eabc",
        "nul": "\x00",
    }
    event_id = park_event(world, "hostile", payload=json.dumps(payload), instance_id=HOSTILE)
    for page in (alice.get(EVENTS), alice.get(f"{EVENTS}/{event_id}")):
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    (shown,) = re.findall(r'<pre[^>]*id="payload"[^>]*>(.*?)</pre>', page.text, re.S)
    assert json.loads(html.unescape(shown)) == payload
    assert "张三的申请 👩‍💻" in shown
    assert "\u202e" not in shown
    assert 'data-copy="#payload"' in page.text


@pytest.mark.parametrize(
    "payload",
    ["{broken", '{"a": "\\ud800"}', '{"a": ' + "9" * 5000 + "}", '{"a":' * 3000, "[" + "0," * 99_999 + "0]"],
    ids=["broken", "half a character", "long number", "nested deep", "200 kB"],
)
def test_no_payload_breaks_its_page(world: World, alice: AdminBrowser, payload: str) -> None:
    event_id = park_event(world, "odd", payload=payload)
    answer = alice.get(f"{EVENTS}/{event_id}")
    assert answer.status_code == 200
    assert 'id="payload"' in answer.text


def test_a_payload_reads_as_it_was_sent() -> None:
    assert readable_payload('{"a":1,"中":"文"}') == '{\n  "a": 1,\n  "中": "文"\n}'


def test_a_pruned_event_says_that_its_payload_is_gone(world: World, alice: AdminBrowser) -> None:
    now = world.clock.now()
    event_id = keep_event(world, "old", state="applied", due_at=None, settled_at=now, payload="")
    page = alice.get(f"{EVENTS}/{event_id}").text
    assert "No longer kept" in words(page)
    assert "Applied" in words(page)
    assert 'id="payload"' not in page


@pytest.mark.parametrize("event_id", ["999", "0", "x", "9" * 12])
def test_an_event_that_is_not_there_is_not_found(alice: AdminBrowser, event_id: str) -> None:
    assert alice.get(f"{EVENTS}/{event_id}").status_code == 404
    assert alice.post(f"/events/{event_id}/sorting").status_code in (404, 409)


@pytest.mark.parametrize("has_script", [True, False])
@pytest.mark.parametrize(
    ("decision", "state", "action"),
    [("sorting", "received", "event.tried_again"), ("dismissal", "ignored", "event.ignored")],
)
def test_an_admin_decides_on_the_events_page(
    world: World, alice: AdminBrowser, decision: str, state: str, action: str, has_script: bool
) -> None:
    event_id = park_event(world, "one")
    answer = alice.post(f"/events/{event_id}/{decision}", has_script=has_script)
    if has_script:
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<section id="parked-event"')
        assert "data-focus" in answer.text
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{EVENTS}/{event_id}")
    assert look_at(world, event_id).state == state
    assert [entry.subject_id for entry in world.look(lambda: audited(action))] == [str(event_id)]


@pytest.mark.parametrize("decision", ["sorting", "dismissal"])
def test_a_decision_that_somebody_else_was_faster_with_is_told(
    world: World, alice: AdminBrowser, decision: str
) -> None:
    event_id = park_event(world, "one")
    alice.post(f"/events/{event_id}/dismissal")
    for has_script in (True, False):
        answer = alice.post(f"/events/{event_id}/{decision}", has_script=has_script)
        assert answer.status_code == 409
        assert "This event no longer waits for you" in words(answer.text)
        assert "An admin decided to ignore it." in words(answer.text)
    assert look_at(world, event_id).state == "ignored"


@pytest.mark.parametrize("has_script", [True, False])
def test_all_shown_are_tried_again_at_once(world: World, alice: AdminBrowser, has_script: bool) -> None:
    ids = [park_event(world, f"event-{number}") for number in range(LIST_LIMIT + 1)]
    page = alice.get(EVENTS).text
    form = page[page.index("/events/sorting") : page.index("try-shown-again")]
    shown = re.findall(r'name="event_id" value="(\d+)"', form)
    assert len(shown) == LIST_LIMIT
    answer = alice.post("/events/sorting", has_script=has_script, event_id=shown)
    if has_script:
        assert answer.text.lstrip().startswith('<section id="parked-events"')
        assert "20 events are being sorted again." in words(answer.text)
    else:
        assert answer.status_code == 303
        assert "20 events are being sorted again." in words(alice.get(answer.headers["Location"]).text)
    assert [look_at(world, each).state for each in (ids[0], ids[-1])] == ["parked", "received"]
    again = alice.post("/events/sorting", has_script=has_script, event_id=shown)
    assert again.status_code == 409
    assert "This event no longer waits for you" in words(again.text)


@pytest.mark.parametrize("chosen", ["x", "", "9" * 30, "-1"])
def test_numbers_that_were_tampered_with_are_refused(alice: AdminBrowser, chosen: str) -> None:
    assert alice.post("/events/sorting", event_id=[chosen]).status_code == 422


def test_the_event_draws_itself_again_only_while_it_changes(world: World, alice: AdminBrowser) -> None:
    event_id = park_event(world, "one")
    assert "hx-trigger" not in alice.post(f"/events/{event_id}/dismissal", has_script=True).text
    again = park_event(world, "two")
    answer = alice.post(f"/events/{again}/sorting", has_script=True).text
    assert "every 2s" in answer
    (poll,) = re.findall(r'hx-get="([^"]+)"', answer)
    assert alice.get(html.unescape(poll), has_script=True).status_code == 204
    world.work()
    changed = alice.get(html.unescape(poll), has_script=True)
    assert changed.status_code == 200
    assert "#announcer" in changed.text


def test_what_dingtalk_sent_is_for_admins_only(world: World) -> None:
    event_id = park_event(world, "secret", payload='{"title": "salaries"}')
    for person in ("bob", "chen", "dora"):
        client = world.client(person)
        token = csrf_token(client.get("/requests").text)
        for answer in (
            client.get(EVENTS),
            client.get(f"{EVENTS}/{event_id}"),
            client.post(f"{EVENTS}/{event_id}/sorting", data={"csrf_token": token}),
            client.post(f"{EVENTS}/{event_id}/dismissal", data={"csrf_token": token}),
            client.post(f"{EVENTS}/sorting", data={"csrf_token": token, "event_id": event_id}),
            client.post(f"{EVENTS}/retention", data={"csrf_token": token}),
        ):
            assert answer.status_code == 403
            assert "salaries" not in answer.text
    assert look_at(world, event_id).state == "parked"


def kept_days(world: World) -> int:
    return world.look(lambda: world.services.approval_settings.current().payload_kept_days)  # type: ignore[no-any-return]


@pytest.mark.parametrize("has_script", [True, False])
def test_the_days_are_saved(world: World, alice: AdminBrowser, has_script: bool) -> None:
    version = hidden(alice.get(EVENTS).text, "version")
    answer = alice.post("/events/retention", has_script=has_script, payload_kept_days=" 90 ", version=version)
    if has_script:
        assert answer.text.lstrip().startswith('<section id="payload-retention"')
        assert "Saved" in words(answer.text)
        assert "Now: 90 days." in words(answer.text)
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{EVENTS}#payload-retention")
    assert kept_days(world) == 90


@pytest.mark.parametrize("typed", ["", "0", "3651", "-5", "1.5", "many", "１０", "9" * 40])
@pytest.mark.parametrize("has_script", [True, False])
def test_days_that_cannot_be_are_named_and_stay_typed(
    world: World, alice: AdminBrowser, typed: str, has_script: bool
) -> None:
    answer = alice.post("/events/retention", has_script=has_script, payload_kept_days=typed, version="1")
    assert answer.status_code == 422
    assert "Enter a whole number of days from 1 to 3650." in words(answer.text)
    assert f'value="{typed}"' in answer.text
    assert kept_days(world) == 30


@pytest.mark.parametrize("has_script", [True, False])
def test_days_saved_over_another_admins_are_refused_in_place_and_can_be_repeated(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    alice.post("/events/retention", payload_kept_days="60", version="1")
    answer = alice.post("/events/retention", has_script=has_script, payload_kept_days="7", version="1")
    assert answer.status_code == 409
    read = words(answer.text)
    assert "Another admin saved these settings meanwhile" in read
    assert "Now: 60 days." in read
    assert 'value="7"' in answer.text
    assert kept_days(world) == 60
    alice.post("/events/retention", payload_kept_days="7", version=hidden(answer.text, "version"))
    assert kept_days(world) == 7
