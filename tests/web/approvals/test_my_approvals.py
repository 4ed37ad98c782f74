"""My approvals: what waits, decided one by one or together, whatever others do or send meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from portal.database import transaction
from portal.models import Absence, Approval
from portal.rules.approval_state import ApprovalState
from tests.portal_world import World
from tests.services import decision_story
from tests.services.decision_story import send_on_leave, state
from tests.services.story import ask, withdraw
from tests.web.approval_settings.admin_browser import words
from tests.web.approvals.deciding import HTMX, PAGE, asked, decide, decide_selected


@pytest.fixture(autouse=True)
def _nothing_is_left_waiting(ready: World) -> Iterator[None]:
    """The next test finds an empty page, and may ask for the same again."""
    yield
    with ready.app.app_context(), transaction() as session:
        for approval in session.query(Approval).filter_by(state=ApprovalState.PENDING):
            approval.state = approval.request.state = ApprovalState.WITHDRAWN
            approval.request.closed_at = ready.clock.now()


def test_the_page_shows_what_a_decision_needs_and_the_navigation_how_much_waits(ready: World) -> None:
    number, _approval = asked(ready, "export")
    page = words(ready.client("chen").get(PAGE).text)
    for expected in (
        "My approvals (1)",
        number,
        "Bob Li 李博",
        "Sales overview",
        "Level: View and export",
        "7 days from the approval",
        "Quarterly report <b>季度</b>",
        "Owns this resource.",
    ):
        assert expected in page
    assert "Decide about those selected" not in page  # one needs no selection
    assert "DingTalk" not in page.split("My approvals", 2)[2]


@pytest.mark.parametrize("who", ["bob", "dora", "alice"])
def test_others_see_nothing_of_it_and_decide_nothing(ready: World, who: str) -> None:
    number, approval = asked(ready)
    client = ready.client(who)
    for path in (PAGE, f"{PAGE}/handled"):
        assert number not in client.get(path).text
    assert decide(client, approval, "approve").status_code == 404
    answer = decide_selected(client, [approval], "approve")
    assert answer.status_code == 409
    assert "not yours to decide" in words(answer.text)
    assert number not in answer.text
    assert state(ready, number) == "pending"


@pytest.mark.parametrize("has_script", [True, False])
def test_approving_one_answers_in_place_or_leads_back(ready: World, has_script: bool) -> None:
    number, approval = asked(ready)
    chen = ready.client("chen")
    answer = decide(chen, approval, "approve", has_script=has_script)
    if has_script:
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<section id="pending"')
        assert "1 approval is approved." in words(answer.text)
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
        assert "1 approval is approved." in words(chen.get(PAGE).text)
    assert state(ready, number) == "approved"
    assert number in chen.get(f"{PAGE}/handled").text


@pytest.mark.parametrize("has_script", [True, False])
def test_a_rejection_without_a_reason_is_drawn_again_at_its_approval(ready: World, has_script: bool) -> None:
    number, approval = asked(ready)
    chen = ready.client("chen")
    answer = decide(chen, approval, "reject", has_script=has_script, reason="  ")
    assert answer.status_code == 422
    assert f'id="decide-{approval}-error"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert state(ready, number) == "pending"
    assert decide(chen, approval, "reject", has_script=has_script, reason="Too much").status_code in (
        200,
        303,
    )
    assert state(ready, number) == "rejected"
    assert "Too much" in words(ready.client("bob").get(f"/requests/{number}").text)


def test_the_same_form_sent_twice_is_one_decision(ready: World) -> None:
    number, approval = asked(ready)
    chen = ready.client("chen")
    assert decide(chen, approval, "approve").status_code == 303
    assert decide(chen, approval, "approve").status_code == 303
    contrary = decide(chen, approval, "reject", reason="No")
    assert contrary.status_code == 409
    assert "Chen Wei 陈伟 has decided this already" in words(contrary.text)
    assert state(ready, number) == "approved"


@pytest.mark.parametrize("has_script", [True, False])
def test_of_many_those_that_can_be_are_decided_and_the_rest_is_told_one_by_one(
    ready: World, has_script: bool
) -> None:
    (first, first_id), (second, second_id), (third, third_id) = (
        asked(ready, level) for level in ("view", "export", "edit")
    )
    chen = ready.client("chen")
    withdraw(ready, second)
    chosen = [first_id, second_id, third_id, "999999", "x", "-1", "9" * 30, "１"]
    answer = decide_selected(chen, chosen, "reject", has_script=has_script, reason="Not this quarter")
    assert answer.status_code == 409
    told = words(answer.text)
    assert "2 of them are decided, the rest is not" in told
    assert f"{second} : This request is already over" in told
    assert "One of them is not yours to decide" in told
    assert [state(ready, each) for each in (first, second, third)] == ["rejected", "withdrawn", "rejected"]


def test_all_on_the_page_can_be_selected_without_a_script(ready: World) -> None:
    ids = [asked(ready, level)[1] for level in ("view", "export")]
    chen = ready.client("chen")
    assert " checked" not in chen.get(PAGE).text
    assert chen.get(f"{PAGE}?select=all").text.count(" checked") == 2
    assert decide_selected(chen, ids, "approve").status_code == 303


def test_what_was_selected_and_typed_is_still_there_after_a_fault(ready: World) -> None:
    ids = [asked(ready, level)[1] for level in ("view", "export")]
    chen = ready.client("chen")
    answer = decide_selected(chen, ids, "reject", has_script=True)
    assert answer.status_code == 422
    assert answer.text.count(" checked") == 2
    assert 'id="selected-error"' in answer.text
    nothing = decide_selected(chen, [], "reject", has_script=True, reason="Typed already")
    assert nothing.status_code == 422
    assert "Typed already" in nothing.text
    unclear = decide_selected(chen, ids, "perhaps", has_script=True)
    assert unclear.status_code == 422


def test_the_page_of_the_request_decides_too_and_says_when_somebody_was_faster(ready: World) -> None:
    number, approval = asked(ready)
    chen = ready.client("chen")
    assert f'action="/approvals/{approval}/decision"' in chen.get(f"/requests/{number}").text
    for who in ("bob", "alice"):
        assert "/decision" not in ready.client(who).get(f"/requests/{number}").text
    fields = {"from": "status"}
    answer = decide(chen, approval, "approve", **fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/requests/{number}")
    contrary = decide(chen, approval, "reject", reason="No", **fields)
    assert contrary.status_code == 409
    assert "has decided this already" in words(contrary.text)


def test_what_runs_in_dingtalk_leads_there_and_is_not_decided_here(ready: World) -> None:
    decision_story.switch(ready, is_dingtalk_channel_on=False)
    _number, approval = asked(ready)
    with ready.app.app_context(), transaction() as session:
        row = session.get_one(Approval, approval)
        row.channel, row.instance_url = "dingtalk", "https://oa.dingtalk.com/x"
    chen = ready.client("chen")
    page = chen.get(PAGE).text
    assert 'href="https://oa.dingtalk.com/x"' in page
    assert f"/approvals/{approval}/decision" not in page
    assert decide(chen, approval, "approve").status_code == 404


def test_while_the_approver_is_on_leave_the_requester_reads_who_decides(ready: World) -> None:
    number, _approval = asked(ready)
    send_on_leave(ready, "chen", delegate="dora")
    page = words(ready.client("bob").get(f"/requests/{number}").text)
    with ready.app.app_context(), transaction() as session:
        session.query(Absence).delete()
    assert "It waits for Dora Wu 吴朵, who decides in the portal while Chen Wei 陈伟 is on leave." in page


def test_what_is_approved_after_its_last_day_is_not_said_to_be_given(ready: World) -> None:
    number = ask(ready, days=None, until=ready.clock.now().date() + timedelta(days=1))
    ready.let_pass(days=4)
    decision_story.decide(ready, number, "approve")
    page = words(ready.client("bob").get(f"/requests/{number}").text)
    ready.clock.ahead = timedelta()
    assert "Approved. Approved too late" in page
    assert "Ask again" in page


@pytest.mark.parametrize("after", ["1000000", "x", "-1", "9" * 40])
def test_the_lists_take_any_place_to_begin_from(ready: World, after: str) -> None:
    asked(ready)
    chen = ready.client("chen")
    for path in (f"{PAGE}?after={after}", f"{PAGE}/handled?before={after}"):
        assert chen.get(path).status_code == 200
        assert chen.get(path, headers=HTMX).status_code == 200


def test_a_later_page_begins_after_what_was_shown(ready: World) -> None:
    (first, first_id), (second, _second_id) = asked(ready), asked(ready, "export")
    later = ready.client("chen").get(f"{PAGE}?after={first_id}").text
    assert first not in later
    assert second in later


def test_the_old_address_of_what_waits_still_leads_there(ready: World) -> None:
    answer = ready.client("chen").get("/requests/to-decide")
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
