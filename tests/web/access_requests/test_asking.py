"""Asking for access: the form, who decides, and what becomes of what was typed."""

from __future__ import annotations

import html
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.extensions import db
from portal.models import AccessRequest, ApprovalSettings
from tests.portal_world import World
from tests.services.story import person_named
from tests.web.access_requests.asking import SALES, ask, hidden, open_form, send

TOMORROW = (datetime.now(UTC).date() + timedelta(days=2)).isoformat()


def requests_in(world: World) -> int:
    return int(world.look(lambda: db.session.scalar(select(func.count(AccessRequest.id)))) or 0)


def test_the_form_says_who_decides_and_why_before_anything_is_sent(ready: World) -> None:
    page = open_form(ready.client("bob"))
    assert "Chen Wei" in page
    assert "Owns this resource." in page


def test_a_sent_request_leads_to_its_status_page_and_is_listed(ready: World) -> None:
    bob = ready.client("bob")
    number = ask(bob, reason="Quarterly report")
    status = bob.get(f"/requests/{number}")
    assert status.status_code == 200
    assert "Quarterly report" in status.text
    assert "7 days from the approval" in status.text
    assert number in bob.get("/requests").text


def test_htmx_is_told_where_the_status_page_is(ready: World) -> None:
    answer = send(ready.client("bob"), is_htmx=True)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/requests/AR-")


def test_a_date_may_be_asked_for_instead_of_days(ready: World) -> None:
    bob = ready.client("bob")
    number = ask(bob, validity="until", until=TOMORROW)
    assert f'datetime="{TOMORROW}"' in bob.get(f"/requests/{number}").text


def test_the_deep_link_chooses_the_level(ready: World) -> None:
    assert chosen_level(open_form(ready.client("bob"), level="export")) == "export"


@pytest.mark.parametrize("level", ["use", "owner", "<script>", ""])
def test_a_level_that_the_resource_does_not_have_falls_back_to_the_lowest(ready: World, level: str) -> None:
    page = open_form(ready.client("bob"), level=level)
    assert chosen_level(page) == "view"
    assert "<script>" not in page


def test_only_levels_of_this_kind_of_resource_are_offered(ready: World) -> None:
    page = open_form(ready.client("bob"), resource_type="dataset", resource_id="orders")
    assert re.findall(r'name="level"[^>]*value="(\w+)"', page) == ["use", "edit"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"level": "use"}, "level", "Choose a level"),
        ({"level": None}, "level", "Choose what you need."),
        ({"level": "x" * 5000}, "level", "Choose a level"),
        ({"validity": None}, "validity", "Choose for how long."),
        ({"validity": "forever"}, "validity", "Choose for how long."),
        ({"validity": "0"}, "validity", "366"),
        ({"validity": "-1"}, "validity", "366"),
        ({"validity": "99999"}, "validity", "366"),
        ({"validity": "9" * 400}, "validity", "Choose for how long."),
        ({"validity": "٣"}, "validity", "Choose for how long."),
        ({"validity": "until"}, "until", "Choose how long"),
        ({"validity": "until", "until": "2020-01-01"}, "until", "Choose a day in the future."),
        ({"validity": "until", "until": "9999-12-31"}, "until", "366"),
        ({"validity": "until", "until": "next week"}, "until", "Enter a date"),
        ({"validity": "until", "until": "2027-02-30"}, "until", "Enter a date"),
        ({"reason": None}, "reason", "Say why"),
        ({"reason": " \r\n "}, "reason", "Say why"),
        ({"reason": "\x00"}, "reason", "Say why"),
        ({"reason": "a" * 2001}, "reason", "2000"),
        ({"reason": "理" * 34_000}, "reason", "2000"),
        ({"department": "999"}, "department", "department"),
        ({"department": "Sales"}, "department", "department"),
    ],
)
@pytest.mark.parametrize("is_htmx", [False, True])
def test_bad_input_is_marked_and_nothing_typed_is_lost(
    ready: World, changes: dict[str, str | None], field: str, words: str, is_htmx: bool
) -> None:
    before = requests_in(ready)
    answer = send(ready.client("grace"), is_htmx=is_htmx, **{"reason": "Typed with care", **changes})
    assert answer.status_code == 422
    assert ("<html" not in answer.text) == is_htmx
    error = re.search(rf'id="{field}-error">.*?</p>', answer.text, re.DOTALL)
    assert error, "the field is not marked"
    assert words in error[0]
    assert f'href="#{field}"' in answer.text
    kept = html.unescape(answer.text)
    assert (changes.get("reason", "Typed with care") or "").strip(" \r\n\x00") in kept
    if "until" in changes:
        assert f'value="{changes["until"]}"' in kept
    assert requests_in(ready) == before


def test_what_is_missing_and_a_day_that_is_past_are_told_together(ready: World) -> None:
    answer = send(ready.client("bob"), level=None, validity="until", until="2020-01-01")
    assert answer.status_code == 422
    summary = answer.text.split('id="request-errors"')[1].split("</ul>")[0]
    assert re.findall(r'href="#(\w+)"', summary) == ["level", "until"]
    assert "What do you need? Choose what you need." in summary


@pytest.mark.parametrize(
    "changes",
    [
        {"resource_id": "gone"},
        {"resource_type": "starship"},
        {"resource_id": "9" * 400},
        {"resource_id": "\x00"},
        {"resource_id": None, "resource_type": None},
    ],
)
def test_a_resource_that_is_gone_meanwhile_leads_to_the_catalogue_with_the_reason_kept(
    ready: World, changes: dict[str, str | None]
) -> None:
    answer = send(ready.client("bob"), **{"reason": "Typed with care", **changes})
    assert answer.status_code == 422
    assert "does not know this resource" in answer.text
    assert "Typed with care" in answer.text
    assert "Sales overview" in answer.text


def test_html_in_the_reason_is_shown_as_text_everywhere(ready: World) -> None:
    bob = ready.client("bob")
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)> {{ 7*7 }}"
    refused = send(bob, reason=attack, level="use").text
    shown = bob.get(f"/requests/{ask(bob, reason=attack)}").text
    for page in (refused, shown):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "{{ 7*7 }}" in page


def test_a_form_sent_twice_is_one_request(ready: World) -> None:
    bob = ready.client("bob")
    page = open_form(bob)
    before = requests_in(ready)
    assert ask(bob, page=page) == ask(bob, page=page)
    assert requests_in(ready) == before + 1


def test_a_form_sent_many_times_at_the_same_moment_is_one_request(ready: World) -> None:
    browsers = [ready.client("bob") for _ in range(6)]
    pages = [open_form(each) for each in browsers]
    key, before, together = "0" * 31 + "1", requests_in(ready), threading.Barrier(len(browsers))

    def press(browser: FlaskClient, page: str) -> str:
        together.wait(30)
        return ask(browser, page=page, submission_key=key)

    with ThreadPoolExecutor(len(browsers)) as pool:
        numbers = set(pool.map(press, browsers, pages))
    assert len(numbers) == 1
    assert requests_in(ready) == before + 1


def test_every_opened_form_is_a_request_of_its_own(ready: World) -> None:
    bob = ready.client("bob")
    assert hidden(open_form(bob), "submission_key") != hidden(open_form(bob), "submission_key")
    assert ask(bob) != ask(bob)


@pytest.mark.parametrize("key", [None, "", "x", "0" * 5000, "'; drop table portal_access_request; --"])
def test_a_made_up_submission_key_harms_nobody(ready: World, key: str | None) -> None:
    bob = ready.client("bob")
    assert ask(bob, submission_key=key) != ask(bob, submission_key=key)


def test_a_form_without_its_token_changes_nothing(ready: World) -> None:
    before = requests_in(ready)
    answer = send(ready.client("bob"), csrf_token="forged")
    assert answer.status_code == 400
    assert requests_in(ready) == before


def test_people_who_are_not_signed_in_are_sent_to_the_sign_in_page_and_back(ready: World) -> None:
    answer = ready.client().get("/requests/new", query_string=SALES)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=/requests/new")


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        (("dataset", "web-traffic"), "The portal knows no owner of this resource."),
        (("workbook", "monthly-targets"), "You own this resource yourself"),
        (("dashboard", "supply-chain"), "has left the organisation"),
    ],
)
def test_where_nobody_can_decide_the_form_says_so_and_cannot_be_sent(
    ready: World, resource: tuple[str, str], why: str
) -> None:
    bob = ready.client("bob")
    named = {"resource_type": resource[0], "resource_id": resource[1]}
    page = open_form(bob, **named)
    assert why in page
    assert "There is no fallback approver." in page
    assert "name a fallback approver on the Approval Settings page" in page
    assert re.search(r'<button class="btn btn-primary" disabled', page)
    level = "use" if resource[0] == "dataset" else "view"
    answer = send(bob, page=page, **named, level=level, reason="Typed with care")
    assert answer.status_code == 409
    assert "Typed with care" in answer.text
    assert 'id="problem"' in answer.text


def test_departments_are_offered_only_to_people_with_several(ready: World) -> None:
    assert 'name="department"' not in open_form(ready.client("bob"))
    grace = ready.client("grace")
    page = open_form(grace)
    offered = re.findall(r'<option value="(\d+)"', page)
    assert len(offered) == 2
    assert "Sales 销售部" in page
    assert "Finance 财务部" in page
    number = ask(grace, page=page, department=offered[1])
    stored = ready.look(
        lambda: db.session.scalars(select(AccessRequest).filter_by(number=number)).one().department_id
    )
    assert str(stored) == offered[1]


def test_somebody_with_one_department_cannot_ask_in_another(ready: World) -> None:
    answer = send(ready.client("bob"), department="999")
    assert answer.status_code == 422
    assert "department" in answer.text


def test_somebody_without_a_department_is_told_so_and_keeps_what_was_typed(ready: World) -> None:
    henry = ready.client("henry")
    page = open_form(henry)
    with ready.app.app_context():
        person_named("henry").departments = []
        db.session.commit()
    answer = send(henry, page=page, reason="Typed with care")
    assert answer.status_code == 409
    assert "department" in answer.text
    assert "Typed with care" in answer.text


@pytest.mark.parametrize("is_htmx", [False, True])
def test_while_approval_is_off_the_form_says_so_and_keeps_what_was_typed(ready: World, is_htmx: bool) -> None:
    bob = ready.client("bob")
    page = open_form(bob)
    switch_approval(ready, is_on=False)
    try:
        answer = send(bob, page=page, is_htmx=is_htmx, reason="Typed with care")
        assert answer.status_code == 409
        assert "Approval is switched off" in answer.text
        assert "Typed with care" in answer.text
        assert "Approval is switched off" in bob.get("/requests/new").text
        assert "disabled" in open_form(bob)
    finally:
        switch_approval(ready, is_on=True)


def test_an_admin_who_has_not_finished_the_settings_is_led_there(ready: World) -> None:
    switch_approval(ready, is_on=False)
    try:
        assert ready.client("alice").get("/").headers["Location"] == "/settings/approval"
        assert ready.client("bob").get("/").headers["Location"] == "/requests"
    finally:
        switch_approval(ready, is_on=True)
    assert ready.client("alice").get("/").headers["Location"] == "/requests"


def switch_approval(world: World, *, is_on: bool) -> None:
    with world.app.app_context():
        db.session.get_one(ApprovalSettings, 1).is_enabled = is_on
        db.session.commit()


def chosen_level(page: str) -> str:
    options = re.findall(r'<input[^>]*name="level"[^>]*>', page)
    chosen = [option for option in options if "checked" in option]
    assert len(chosen) == 1
    found = re.search(r'value="(\w+)"', chosen[0])
    assert found
    return found[1]
