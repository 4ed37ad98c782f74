"""Test, as an admin sees it: a live checklist, every failure with its remedy, and never any access."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from portal.channels.dingtalk.call_counting import CallMade
from portal.extensions import db
from portal.models import AccessRequest, Trial
from tests.portal_world import AES_KEY, World
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, words

GREEN = ("Access token obtained", "Approval started in DingTalk", "Start event received back")


@pytest.fixture
def admin(alice: AdminBrowser) -> AdminBrowser:
    alice.post("/switches", is_enabled="y", version="1")
    alice.associate_official()
    return alice


def start(admin: AdminBrowser) -> str:
    """Start a Test and return its address."""
    answer = admin.post("/trials", approver="chen")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def lines(admin: AdminBrowser, address: str) -> list[str]:
    """Return the lines of the checklist, each with its state in front."""
    page = admin.get(address).text
    return [words(line) for line in re.findall(r'<p class="checklist-title">(.*?)</p>', page, re.DOTALL)]


def is_proved(world: World) -> bool:
    return db.session.query(Trial).one().start_event_at is not None


def is_pending(world: World) -> bool:
    return db.session.query(Trial).one().approval.state == "pending"


def has_observed(world: World) -> bool:
    health = world.services.callback_diagnosis.health()
    return bool(health.refusals) or health.last_event_at is not None


def test_the_whole_loop_turns_green(world: World, admin: AdminBrowser) -> None:
    address = start(admin)
    assert lines(admin, address)[0] == "Not yet: Access token obtained"
    world.work_until(lambda: is_proved(world))
    assert lines(admin, address)[:3] == [f"Done: {each}" for each in GREEN]
    text = words(admin.get(address).text)
    assert "It works" in text
    assert "Open in DingTalk" in text
    assert "Approval works" in words(admin.get().text)


def test_it_never_becomes_access(world: World, admin: AdminBrowser) -> None:
    start(admin)
    world.work_until(lambda: is_proved(world))
    assert world.look(lambda: db.session.query(AccessRequest).count()) == 0
    values = world.look(lambda: db.session.query(Trial).one().approval.submitted_values)
    assert values["Reason"] == "TEST, no access is granted"


def test_it_polls_only_while_something_can_still_change(world: World, admin: AdminBrowser) -> None:
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    address = start(admin)
    assert 'hx-trigger="every 1s"' in admin.get(address).text
    world.work_until(lambda: is_proved(world))
    world.let_pass(seconds=20)
    world.work_until(lambda: db.session.query(Trial).one().approval.state == "withdrawn")
    page = admin.get(address)
    assert "every 1s" not in page.text
    assert "Done: Test approval withdrawn" in words(page.text)


def test_a_poll_that_has_no_news_answers_204_and_news_is_announced(world: World, admin: AdminBrowser) -> None:
    address = start(admin)
    poll = re.search(r'hx-get="([^"]*seen=[^"]*)"', admin.get(address).text)
    assert poll
    assert admin.get(poll[1], has_script=True).status_code == 204
    world.work_until(lambda: is_proved(world))
    news = admin.get(poll[1], has_script=True)
    assert news.headers["HX-Trigger"] == '{"trial-changed": true}'
    assert news.text.lstrip().startswith('<div id="trial"')


def test_the_approver_is_remembered(admin: AdminBrowser) -> None:
    start(admin)
    form = admin.get(f"{PAGE}/trials/new").text
    assert re.search(r'id="approver-chen" value="chen" checked', form)


@pytest.mark.parametrize(
    ("approver", "sentence"),
    [
        ("", "Choose the approver of the Test."),
        ("alice", "nobody approves their own request"),
        ("frank", "not an active member"),
        ("<b>x</b>", "not an active member"),
    ],
)
@pytest.mark.parametrize("has_script", [True, False])
def test_an_approver_who_cannot_be_is_refused_and_the_search_stays(
    world: World, admin: AdminBrowser, approver: str, sentence: str, has_script: bool
) -> None:
    answer = admin.post("/trials", has_script=has_script, approver=approver, q="chen")
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert 'id="approver-chen"' in answer.text
    assert world.look(lambda: db.session.query(Trial).count()) == 0


@pytest.mark.parametrize(
    ("permission", "operation"),
    [("Workflow.Instance.Write", "forecast"), ("qyapi_get_member", "getUser")],
)
def test_a_missing_permission_is_a_failed_line_with_its_remedy(
    world: World, admin: AdminBrowser, permission: str, operation: str
) -> None:
    address = start(admin)
    world.control("PUT", "/permissions", {permission: False})
    if permission == "Workflow.Instance.Write":
        world.work_until(lambda: db.session.query(Trial).one().approval.state == "could_not_start")
        assert lines(admin, address)[:2] == [
            "Done: Access token obtained",
            "Failed: Approval started in DingTalk",
        ]
        text = words(admin.get(address).text)
        assert f"DingTalk API call failed[{operation}], [Forbidden.AccessDenied" in text
        assert permission in text
        assert "Then press Test again." in text
        assert "every 1s" not in admin.get(address).text
    else:  # asked before the start, by the form itself
        answer = admin.post("/trials", has_script=True, approver="iris")
        assert answer.status_code == 200
        assert f"DingTalk API call failed[{operation}]" in words(answer.text)
        assert permission in words(answer.text)


def test_wrong_credentials_fail_at_the_token(world: World, admin: AdminBrowser) -> None:
    address = start(admin)
    view = world.look(world.services.dingtalk_apps.view)
    admin.post(
        "/dingtalk-app",
        corp_id=view.corp_id,
        app_key=view.app_key,
        agent_id=view.agent_id,
        app_secret="wrong",
        version=str(view.version),
    )
    world.work_until(lambda: db.session.query(Trial).one().approval.state == "could_not_start")
    assert lines(admin, address)[0] == "Failed: Access token obtained"
    assert "DingTalk API call failed[accessToken]" in words(admin.get(address).text)


@pytest.mark.parametrize(
    ("subscription", "title"),
    [
        (None, "Nothing has arrived from DingTalk"),
        ({"token": "anotherToken1"}, "The signature token differs"),
        ({"aes_key": AES_KEY[::-1]}, "The aes_key differs"),
        ({"types": ["finish"]}, "Other events arrive, but not this start"),
    ],
)
def test_no_start_event_within_30_seconds_is_diagnosed_from_what_was_observed(
    world: World, admin: AdminBrowser, subscription: dict[str, object] | None, title: str
) -> None:
    if subscription is None:
        world.control("DELETE", "/subscription")
    else:
        world.subscribe(**subscription)
    address = start(admin)
    world.work_until(lambda: is_pending(world))
    if subscription is not None and "types" in subscription:
        instance_id = world.look(lambda: db.session.query(Trial).one().approval.instance_id)
        world.act(instance_id, "chen", "agree")
    assert title not in words(admin.get(address).text)
    if subscription is not None:
        world.work_until(lambda: has_observed(world))
    world.let_pass(seconds=31)
    text = words(admin.get(address).text)
    assert title in text
    assert "Failed: Start event received back" in text
    assert "every 1s" in admin.get(address).text
    if subscription is None:
        assert f'value="{world.portal_url}/callbacks/dingtalk"' in admin.get(address).text


def test_an_address_that_was_checked_but_sends_no_start_is_not_subscribed(
    world: World, admin: AdminBrowser
) -> None:
    saved = {"url": f"{world.portal_url}/callbacks/dingtalk", "aes_key": AES_KEY, "token": "callbackToken01"}
    world.control(
        "POST", "/subscription/save", {**saved, "events": ["bpms_instance_change"], "types": ["finish"]}
    )
    address = start(admin)
    world.work_until(lambda: is_pending(world))
    world.let_pass(seconds=31)
    text = words(admin.get(address).text)
    assert "The address worked, but no start event came" in text
    assert "bpms_instance_change" in text


def test_a_late_event_still_turns_it_green_and_waiting_ends_after_five_minutes(
    world: World, admin: AdminBrowser
) -> None:
    world.control("POST", "/faults", {"fault": "lost_event", "operation": "bpms_instance_change", "count": 1})
    address = start(admin)
    world.work_until(lambda: is_pending(world))
    world.let_pass(minutes=6)
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    world.work_until(lambda: db.session.query(Trial).one().approval.state == "withdrawn")
    assert "every 1s" not in admin.get(address).text
    assert "It did not come." in words(admin.get(address).text)


def test_a_refused_withdrawal_is_said_and_the_link_stays(world: World, admin: AdminBrowser) -> None:
    address = start(admin)
    world.work_until(lambda: is_proved(world))
    code = world.control("GET", "/templates")["templates"][0]["process_code"]
    world.control("PATCH", f"/templates/{code}", {"requester_may_withdraw": False})
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    world.let_pass(seconds=20)
    world.work_until(lambda: db.session.query(Trial).one().approval.withdrawal_requested_at is None)
    text = words(admin.get(address).text)
    assert "Failed: Test approval withdrawn" in text
    assert "DingTalk refused to withdraw the approval" in text
    assert "Open in DingTalk" in text
    assert "every 1s" not in admin.get(address).text


def test_without_a_worker_the_page_says_so(admin: AdminBrowser) -> None:
    assert "No worker is running" in words(admin.get(start(admin)).text)


@pytest.mark.parametrize("number", ["999", "0", "99999999999999999999"])
def test_a_trial_that_does_not_exist_is_not_found(admin: AdminBrowser, number: str) -> None:
    assert admin.get(f"{PAGE}/trials/{number}").status_code == 404


def test_nobody_but_an_admin_sees_a_trial(world: World, admin: AdminBrowser) -> None:
    address = start(admin)
    dora: FlaskClient = world.client("dora")
    assert dora.get(address).status_code == 403


def test_a_test_that_waits_for_the_calls_of_the_month_says_so(world: World, admin: AdminBrowser) -> None:
    with world.app.app_context():
        world.services.dingtalk_calls.tally(CallMade(operation="forecast", result="quota_exhausted"))
    address = start(admin)
    world.work()
    assert "Waiting for DingTalk's calls of the month" in words(admin.get(address).text)
    world.let_pass(minutes=61)
    world.work()
    assert "calls of the month" not in words(admin.get(address).text)
