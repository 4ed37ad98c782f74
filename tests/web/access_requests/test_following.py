"""Following a request: who may see it, what each state says, and that the page keeps itself up to date."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from portal.extensions import db
from portal.models import ApprovalRecord
from portal.rules.approval_state import ApprovalState, is_final
from tests.portal_world import World
from tests.services.story import approval_of, person_named
from tests.web.access_requests.asking import ask, post

NOW = datetime.now(UTC)
LINK = "https://applink.dingtalk.com/approval/detail?instanceId=1"
FAILURE = {
    "kind": "throttled",
    "retry": "retryable",
    "operation": "startProcessInstance",
    "code": "Forbidden.AccessDenied.QpsLimit",
    "http_status": 403,
    "message": "Request <was> denied",
}
MAY_CHANGE = ("submitted", "starting", "start_unknown", "pending")


@pytest.fixture
def number(ready: World) -> str:
    return ask(ready.client("bob"))


def put(world: World, number: str, state: str, **changes: Any) -> None:
    """Bring the approval of a request into a state, as if everything before had happened."""
    with world.app.app_context():
        approval = approval_of(number)
        approval.state = approval.request.state = state
        approval.due_at = None
        approval.records = [
            ApprovalRecord(position=position, user_id="x", occurred_at=NOW, **each)
            for position, each in enumerate(changes.pop("records", []))
        ]
        for name, value in changes.items():
            setattr(approval, name, value)
        db.session.commit()


def told(kind: str, person: str, remark: str = "") -> dict[str, str]:
    return {"kind": kind, "person_name": person, "remark": remark}


def shown(world: World, number: str, person: str = "bob") -> str:
    answer = world.client(person).get(f"/requests/{number}")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", ""), ("get", "/status"), ("post", "/withdrawal"), ("post", "/start"), ("post", "/closing")],
)
def test_for_anybody_else_a_request_does_not_exist(ready: World, number: str, method: str, path: str) -> None:
    dora = ready.client("dora")
    address = f"/requests/{number}{path}"
    answer = dora.get(address) if method == "get" else post(dora, address)
    unknown = dora.get("/requests/AR-2026-999999")
    assert answer.status_code == unknown.status_code == 404
    assert number not in dora.get("/requests").text
    assert "Quarterly report" not in answer.text
    assert ready.look(lambda: approval_of(number).withdrawal_requested_at) is None


@pytest.mark.parametrize("person", ["chen", "alice"])
def test_approver_and_admin_see_it_but_cannot_act_for_the_requester(
    ready: World, number: str, person: str
) -> None:
    client = ready.client(person)
    page = client.get(f"/requests/{number}").text
    assert "Bob Li" in page
    assert "Withdraw this request" not in page
    assert post(client, f"/requests/{number}/withdrawal").status_code == 404
    assert post(client, f"/requests/{number}/start").status_code == 404
    assert post(client, f"/requests/{number}/closing").status_code == (409 if person == "alice" else 404)


@pytest.mark.parametrize("path", ["/requests", "/requests/new", "/requests/AR-1", "/requests/AR-1/status"])
def test_nobody_sees_anything_without_signing_in(ready: World, path: str) -> None:
    assert ready.client().get(path).status_code == 303


@pytest.mark.parametrize("state", ApprovalState)
def test_a_page_polls_only_while_its_request_can_still_change(
    ready: World, number: str, state: ApprovalState
) -> None:
    put(ready, number, state.value, started_at=NOW)
    page = shown(ready, number)
    assert ('hx-trigger="every 1s"' in page) == (state.value in MAY_CHANGE)
    assert ("Withdraw this request" in page) == (not is_final(state.value))
    assert ('id="try-again"' in page) == (state == ApprovalState.COULD_NOT_START)


def test_a_poll_is_answered_with_nothing_until_something_changes(ready: World, number: str) -> None:
    bob = ready.client("bob")
    address = re.search(r'hx-get="([^"]+)"', bob.get(f"/requests/{number}").text)
    assert address
    same = bob.get(address[1], headers={"HX-Request": "true"})
    assert (same.status_code, same.text) == (204, "")
    put(ready, number, "approved", closed_at=NOW)
    changed = bob.get(address[1], headers={"HX-Request": "true"})
    assert changed.status_code == 200
    assert changed.text.count('id="status"') == 1
    assert "<html" not in changed.text
    assert "hx-trigger" not in changed.text
    assert "HX-Request" in changed.headers["Vary"]
    assert 'hx-swap-oob="innerHTML:#announcer">Approved' in changed.text


def test_the_address_of_the_partial_is_a_page_for_a_plain_visit(ready: World, number: str) -> None:
    page = ready.client("bob").get(f"/requests/{number}/status").text
    assert "<html" in page
    assert "What was asked for" in page


def test_an_unknown_start_says_what_is_known(ready: World, number: str) -> None:
    put(ready, number, "start_unknown")
    assert (
        "We asked DingTalk, its answer did not arrive; we are looking for the approval and will never start it twice"
        in shown(ready, number)
    )


def test_approved_promises_no_more_than_the_owner_will_do(ready: World, number: str) -> None:
    put(
        ready, number, "approved", records=[told("agreed", "Chen Wei 陈伟", "同意 <b>now</b>")], closed_at=NOW
    )
    page = shown(ready, number)
    assert "Approved. Access is given in the BI tool by the owner." in page
    assert "Chen Wei 陈伟" in page
    assert "同意 &lt;b&gt;now&lt;/b&gt;" in page


def test_a_throttled_start_says_why_and_that_it_is_tried_again(ready: World, number: str) -> None:
    put(ready, number, "submitted", failure=FAILURE, retries=1)
    page = shown(ready, number)
    assert "DingTalk API call failed[startProcessInstance]" in page
    assert "Request &lt;was&gt; denied" in page
    assert "The portal tries again by itself" in page


@pytest.mark.parametrize("state", ["starting", "approved", "withdrawn"])
def test_a_failure_that_is_over_is_no_longer_shown(ready: World, number: str, state: str) -> None:
    put(ready, number, state, failure=FAILURE)
    assert "DingTalk API call failed" not in shown(ready, number)


@pytest.mark.parametrize("person", ["bob", "alice"])
def test_what_could_not_start_shows_dingtalks_words_to_requester_and_admin(
    ready: World, number: str, person: str
) -> None:
    put(ready, number, "could_not_start", failure={**FAILURE, "retry": "permanent"})
    page = shown(ready, number, person)
    assert "[Forbidden.AccessDenied.QpsLimit - code: 403, Request &lt;was&gt; denied]" in page


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "https://open-dev.dingtalk.com/x"]
)
def test_a_link_from_dingtalk_is_only_followed_when_it_leads_to_a_web_page(
    ready: World, number: str, link: str
) -> None:
    put(
        ready,
        number,
        "could_not_start",
        failure={**FAILURE, "retry": "permanent", "apply_url": link},
        instance_url=link,
    )
    page = shown(ready, number, "alice")
    assert (f'href="{link}"' in page) == link.startswith("https")
    assert "javascript:" not in page


def test_try_again_puts_the_request_back_in_the_queue(ready: World, number: str) -> None:
    put(ready, number, "could_not_start", failure={**FAILURE, "retry": "permanent"}, attempt=1)
    bob = ready.client("bob")
    answer = post(bob, f"/requests/{number}/start")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/requests/{number}")
    assert ready.look(lambda: approval_of(number).state) == "submitted"
    again = post(bob, f"/requests/{number}/start")
    assert again.status_code == 409
    assert 'id="problem"' in again.text
    assert 'id="status"' in again.text


def test_a_request_that_was_not_started_is_withdrawn_at_once(ready: World, number: str) -> None:
    bob = ready.client("bob")
    answer = post(bob, f"/requests/{number}/withdrawal")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/requests/{number}")
    assert "Withdrawn before there was a decision" in shown(ready, number)
    assert post(bob, f"/requests/{number}/withdrawal").status_code == 409


def test_a_running_approval_says_when_the_withdrawal_happens(ready: World, number: str) -> None:
    put(ready, number, "pending", started_at=NOW, instance_url=LINK)
    bob = ready.client("bob")
    assert post(bob, f"/requests/{number}/withdrawal").status_code == 303
    page = shown(ready, number)
    assert "DingTalk allows it 15 seconds after the start" in page
    assert "Being withdrawn" in page
    assert "Withdraw now" not in page
    again = post(bob, f"/requests/{number}/withdrawal")
    assert again.status_code == 409
    assert 'id="problem"' in again.text


def test_a_refused_withdrawal_says_so_with_its_remedy(ready: World, number: str) -> None:
    refused = {
        **FAILURE,
        "kind": "withdrawal_refused",
        "retry": "permanent",
        "operation": "terminateProcessInstance",
    }
    put(ready, number, "pending", started_at=NOW, failure=refused)
    page = shown(ready, number)
    assert "DingTalk refused to withdraw the approval" in page
    assert "The approval still runs." in page
    assert "Withdraw now" in page


@pytest.mark.parametrize(
    ("state", "incident", "words"),
    [
        ("approved", {"kind": "self_approved", "told": "approved"}, "does not count and gives no access"),
        ("rejected", {"kind": "contradiction", "told": "approved"}, "contradicts the recorded outcome"),
        (
            "rejected",
            {"kind": "contradiction", "told": "withdrawn", "twins": {}},
            "DingTalk said later: Withdrawn",
        ),
    ],
)
def test_incidents_are_said_plainly(
    ready: World, number: str, state: str, incident: dict[str, str], words: str
) -> None:
    put(ready, number, state, started_at=NOW, incident=incident)
    page = shown(ready, number)
    assert words in page
    if incident["kind"] == "self_approved":
        assert "Access is given" not in page
        assert "status-success" not in page
        assert "Does not count" in ready.client("bob").get("/requests").text


def test_the_outcome_names_who_ended_it(ready: World, number: str) -> None:
    put(ready, number, "terminated", closed_at=NOW, records=[told("withdrawn", "Alice Zhang", "Wrong form")])
    page = shown(ready, number)
    assert "Ended in DingTalk" in page
    assert "Alice Zhang" in page
    assert "Wrong form" in page


def test_a_record_without_a_time_shows_none_rather_than_a_wrong_one(ready: World, number: str) -> None:
    put(ready, number, "pending", started_at=NOW, records=[told("commented", "Chen Wei", "Hello")])
    with ready.app.app_context():
        approval_of(number).records[0].occurred_at = datetime.fromtimestamp(0, UTC)
        db.session.commit()
    page = shown(ready, number)
    assert "Hello" in page
    assert "1970" not in page


def test_open_in_dingtalk_hands_over_nothing_of_the_portal(ready: World, number: str) -> None:
    put(ready, number, "pending", started_at=NOW, instance_url=LINK)
    assert f'href="{LINK}" target="_blank" rel="noopener noreferrer"' in shown(ready, number)


def test_somebody_without_requests_is_shown_where_to_begin(ready: World) -> None:
    page = ready.client("kate").get("/requests").text
    assert "You have not asked for anything yet" in page
    assert 'href="/requests/new"' in page


def test_the_whole_story_is_told_by_the_pages(ready: World) -> None:
    bob = ready.client("bob")
    number = ask(bob, reason="Quarterly report")
    ready.work_until(lambda: approval_of(number).state == "pending")
    page = bob.get(f"/requests/{number}").text
    assert "Waiting for Chen Wei" in page
    assert "Open in DingTalk" in page
    ready.act(ready.look(lambda: approval_of(number).instance_id), "chen", "agree", "同意")
    ready.work_until(lambda: approval_of(number).state == "approved")
    page = bob.get(f"/requests/{number}").text
    assert "Open this access" in page
    assert "同意" in page
    assert ready.look(lambda: person_named("chen").name) in page


def test_older_requests_are_a_page_away(ready: World) -> None:
    jack = ready.client("jack")
    numbers = [ask(jack) for _ in range(21)]
    newest = jack.get("/requests").text
    assert numbers[-1] in newest
    assert numbers[0] not in newest
    older = re.search(r'href="(/requests\?older_than=\d+)"', newest)
    assert older
    page = jack.get(older[1]).text
    assert numbers[0] in page
    assert numbers[1] not in page


@pytest.mark.parametrize("junk", ["0", "-1", "9" * 18])
def test_an_odd_place_in_the_list_breaks_nothing(ready: World, number: str, junk: str) -> None:
    bob = ready.client("bob")
    answer = bob.get("/requests", query_string={"older_than": junk})
    assert answer.status_code == 200
    assert (number in answer.text) == (junk.startswith("9"))


@pytest.mark.parametrize("junk", ["", "x", "9" * 400])
def test_what_is_no_place_in_the_list_shows_the_newest(ready: World, number: str, junk: str) -> None:
    assert number in ready.client("bob").get("/requests", query_string={"older_than": junk}).text
