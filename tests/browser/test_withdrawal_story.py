"""Taking a request back in the browser: too early for DingTalk, later, and where the template forbids it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.oa_steps import lines, set_template_switch
from tests.browser.running_demo import RunningDemo
from tests.browser.steps import ALICE, BOB, CHEN, ask_for_access, set_up_approval, sign_in

# DingTalk allows no withdrawal in an instance's first 15 seconds, and in a browser time does not fly.
pytestmark = [pytest.mark.browser, pytest.mark.slow]
SEEN = 90_000
MAY_WITHDRAW = "The requester may withdraw a running request"


def test_a_withdrawal_is_done_by_the_portal_once_dingtalk_allows_it_and_explained_where_it_is_forbidden(
    demo: RunningDemo, new_page: NewPage
) -> None:
    alice, bob, oa = (new_page() for _ in range(3))
    sign_in(alice, demo, ALICE)
    set_up_approval(alice, demo)
    sign_in(bob, demo, BOB)
    status = bob.locator("#status")

    number = ask_for_access(bob, demo)
    expect(status).to_contain_text(f"Waiting for {CHEN}", timeout=SEEN)
    withdraw(bob)
    expect(status).to_contain_text(
        "DingTalk allows it 15 seconds after the start; the portal does it by itself"
    )
    expect(status).to_contain_text(f"Withdrawn by {BOB}", timeout=SEEN)
    assert lines(bob)[-2:] == [f"Withdrawal asked for {BOB}", f"Withdrawn by {BOB}"]

    set_template_switch(oa, demo, MAY_WITHDRAW, on=False)
    number = ask_for_access(bob, demo)
    expect(status).to_contain_text(f"Waiting for {CHEN}", timeout=SEEN)
    wait_until_old_enough(demo, number)
    bob.reload()
    withdraw(bob)
    expect(status).to_contain_text("DingTalk refused to withdraw the approval", timeout=SEEN)
    expect(status).to_contain_text("允许提交人撤销审批中的审批单")
    expect(status).to_contain_text("820008")

    set_template_switch(oa, demo, MAY_WITHDRAW, on=True)
    withdraw(bob)
    expect(status).to_contain_text(f"Withdrawn by {BOB}", timeout=SEEN)


def withdraw(page: Page) -> None:
    page.locator("#withdraw").click()
    page.locator("#withdraw-now").click()


def wait_until_old_enough(demo: RunningDemo, number: str) -> None:
    """Let the sandbox's 15 seconds be over."""
    assert demo.control("GET", "/instances")["instances"][-1]["values"]
    demo.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
