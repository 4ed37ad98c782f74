"""While nobody knows whether a start worked, and after, the status page tells what is known and what comes next."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portal_world import World
from tests.web.access_requests.test_following import NOW, ask, put, shown

NO_ANSWER = {
    "kind": "no_answer",
    "retry": "outcome_unknown",
    "operation": "startProcessInstance",
    "code": "noAnswer",
}
THROTTLED = {
    "kind": "throttled",
    "retry": "retryable",
    "operation": "startProcessInstance",
    "code": "systemBusy",
}
NO_PERMISSION = {
    "kind": "permission_missing",
    "retry": "permanent",
    "operation": "listProcessInstanceIds",
    "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
}
NOT_FOUND = {
    "kind": "not_found_after_unknown",
    "retry": "permanent",
    "facts": {"first": "DingTalk API call failed[startProcessInstance], [noAnswer - code: 0, -]"},
}
TWIN_LINK = "https://applink.dingtalk.com/approval/detail?instanceId=twin-1"


@pytest.fixture
def number(ready: World) -> str:
    return ask(ready.client("bob"))


def twin(state: str, **more: Any) -> dict[str, Any]:
    told = {"state": state, "url": TWIN_LINK, "failure": None, **more}
    return {"kind": "twin", "at": NOW.isoformat(), "twins": {"twin-1": told}}


def test_a_throttled_start_says_that_it_starts_by_itself(ready: World, number: str) -> None:
    put(ready, number, "submitted", failure=THROTTLED, due_at=NOW)
    page = shown(ready, number)
    assert "DingTalk is busy; the approval starts by itself." in page
    assert "next at" in page
    assert 'id="try-again"' not in page


def test_a_start_that_waits_for_another_reason_says_that_it_starts_by_itself(
    ready: World, number: str
) -> None:
    put(ready, number, "submitted", failure={**THROTTLED, "kind": "unreachable"}, due_at=NOW)
    page = shown(ready, number)
    assert "the portal starts it by itself as soon as DingTalk allows it" in page
    assert "DingTalk cannot be reached" in page


def test_a_search_says_what_is_known_and_when_it_goes_on(ready: World, number: str) -> None:
    put(ready, number, "start_unknown", failure=NO_ANSWER, due_at=NOW)
    page = shown(ready, number)
    assert "Being checked" in page
    assert "will never start it twice" in page
    assert "The portal looks for it by itself, next at" in page
    assert "tries again" not in page


def test_a_search_that_cannot_look_says_why_and_who_repairs_it(ready: World, number: str) -> None:
    put(ready, number, "start_unknown", failure=NO_PERMISSION, due_at=NOW)
    page = shown(ready, number)
    assert "The portal could not look for the approval: The DingTalk app lacks a permission" in page
    assert "Permission management" in page


@pytest.mark.parametrize(
    ("who", "words"), [("bob", "Press Try again."), ("alice", "The requester can press")]
)
def test_what_was_not_found_can_be_tried_again_and_says_what_happens_to_a_late_one(
    ready: World, number: str, who: str, words: str
) -> None:
    put(ready, number, "could_not_start", failure=NOT_FOUND)
    page = shown(ready, number, who)
    assert "for some minutes the approval was not found there" in page
    assert "the portal withdraws it by itself" in page
    assert words in page
    assert "DingTalk API call failed[startProcessInstance]" in page
    assert ('id="try-again"' in page) is (who == "bob")


@pytest.mark.parametrize(
    ("who", "state", "words"),
    [
        ("bob", "twin", "The portal withdraws it by itself."),
        ("chen", "twin_withdrawn", "was withdrawn in DingTalk"),
        ("alice", "twin_ended", "has ended in DingTalk"),
        ("bob", "twin_stays", "The portal may not withdraw it."),
    ],
)
def test_a_twin_is_told_to_everybody_concerned_with_the_way_to_it(
    ready: World, number: str, state: str, words: str, who: str
) -> None:
    put(ready, number, "pending", started_at=NOW, incident=twin(state))
    page = shown(ready, number, who)
    assert words in page
    assert "it never counts" in page.lower()
    assert f'href="{TWIN_LINK}" target="_blank" rel="noopener noreferrer"' in page


def test_why_a_twin_stays_is_quoted_and_a_hostile_address_is_no_link(ready: World, number: str) -> None:
    failure = {**THROTTLED, "kind": "withdrawal_refused", "message": "<b>no</b>"}
    hostile = twin("twin_stays", url="javascript:alert(1)", failure=failure)
    put(ready, number, "pending", started_at=NOW, incident=hostile)
    page = shown(ready, number)
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "javascript:" not in page


def test_a_twin_and_another_incident_are_both_told(ready: World, number: str) -> None:
    both = {**twin("twin_ended"), "kind": "self_approved", "told": "approved"}
    put(ready, number, "approved", started_at=NOW, incident=both)
    page = shown(ready, number)
    assert "Nobody decides about their own request" in page
    assert "A second approval of this request has ended" in page
    assert "Does not count" in page
