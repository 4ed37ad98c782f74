"""The whole story in a real browser: configure, test, ask, decide in DingTalk, see the outcome."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.running_demo import RunningDemo
from tests.browser.steps import (
    ALICE,
    BOB,
    CHEN,
    DORA,
    ENDED,
    act_as,
    ask_for_access,
    checklist_line,
    decide,
    reload_until,
    set_up_approval,
    sign_in,
    start_test,
)

pytestmark = pytest.mark.browser
VISIBLE_WITHIN_SECONDS = 3


@pytest.mark.parametrize(
    ("default_flow", "button", "outcome"),
    [
        ("self_select", "Agree", "Approved"),
        pytest.param("empty", "Refuse", "Rejected", marks=pytest.mark.slow),
    ],
)
def test_an_outcome_in_dingtalk_shows_on_the_open_status_page_without_a_reload(
    demo: RunningDemo, new_page: NewPage, default_flow: str, button: str, outcome: str
) -> None:
    demo.control("PUT", "/settings", {"default_flow": default_flow})
    alice, bob, chen = new_page(), new_page(), new_page()
    sign_in(alice, demo, ALICE)
    set_up_approval(alice, demo)

    start_test(alice, demo)
    for line in ("Access token obtained", "Approval started in DingTalk", "Start event received back"):
        expect(checklist_line(alice, line)).to_have_class(re.compile("checklist-done"), timeout=90_000)
    expect(alice.get_by_text("It works", exact=True)).to_be_visible()

    sign_in(bob, demo, BOB)
    number = ask_for_access(bob, demo)
    status = bob.locator("#status")
    expect(status).to_contain_text("waits for", timeout=15_000)
    bob.evaluate("window.neverReloaded = true")

    decide(chen, demo, number, as_person=CHEN, button=button, remark="For this quarter 本季度")
    decided_at = time.monotonic()
    expect(status).to_contain_text(outcome, timeout=VISIBLE_WITHIN_SECONDS * 1000)
    assert time.monotonic() - decided_at <= VISIBLE_WITHIN_SECONDS
    assert bob.evaluate("window.neverReloaded") is True
    expect(status).to_contain_text("For this quarter 本季度")
    expect(status).to_contain_text(CHEN)

    dora = new_page()
    sign_in(dora, demo, DORA)
    refused = dora.goto(f"{demo.portal_url}/requests/{number}")
    assert refused is not None
    assert refused.status == 404
    assert "Sales overview" not in dora.content()

    # DingTalk lets nobody withdraw in the first 15 seconds, so the Test ends meanwhile.
    expect(checklist_line(alice, ENDED)).to_have_class(re.compile("checklist-done"), timeout=40_000)


def test_the_whole_story_works_without_javascript(demo: RunningDemo, new_page: NewPage) -> None:
    alice, bob, chen = (new_page(java_script_enabled=False) for _ in range(3))
    sign_in(alice, demo, ALICE)
    set_up_approval(alice, demo, has_script=False)

    start_test(alice, demo)
    done = checklist_line(alice, "Start event received back").and_(alice.locator(".checklist-done"))
    reload_until(alice, lambda: done.count() == 1)

    sign_in(bob, demo, BOB)
    number = ask_for_access(bob, demo)
    reload_until(bob, lambda: "waits for" in bob.locator("#status").inner_text())
    decide(chen, demo, number, as_person=CHEN, button="Agree")
    reload_until(bob, lambda: "Approved" in bob.locator("#status").inner_text())


def test_portal_and_sandbox_in_one_browser_do_not_log_each_other_out(
    demo: RunningDemo, new_page: NewPage
) -> None:
    page = new_page()
    sign_in(page, demo, ALICE)
    act_as(page, demo, CHEN)
    page.goto(f"{demo.portal_url}/settings/approval")
    expect(page.locator(".site-person-name")).to_contain_text(ALICE)
    page.goto(f"{demo.sandbox_url}/oa")
    chen = page.locator("#acting").get_by_role("button", name=CHEN)
    expect(chen).to_have_attribute("aria-pressed", "true")
