"""The demo as a newcomer finds it: an approved request becomes access in Quick BI, and giving back ends it there."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.running_demo import RunningDemo
from tests.browser.steps import ALICE, BOB, CHEN, ask_for_access, decide, set_up_approval, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SEEN = 90_000


def test_what_chen_agrees_to_bob_can_open_in_quick_bi_until_he_gives_it_back(
    demo: RunningDemo, new_page: NewPage
) -> None:
    alice, bob, chen, quick_bi = (new_page() for _ in range(4))
    sign_in(alice, demo, ALICE)
    set_up_approval(alice, demo)
    alice.goto(f"{demo.portal_url}/settings/approval?show=quickbi")
    alice.locator("#quickbi").get_by_role("button", name="Check connection").click()
    expect(alice.locator("#quickbi")).to_contain_text("Quick BI accepted the access key.")

    quick_bi.goto(f"{demo.sandbox_url}/console/quickbi")
    quick_bi.locator("#acting").get_by_role("button", name=BOB).click()
    work = quick_bi.locator("#work-sales-overview")
    expect(work).to_contain_text("Bob Li 李博 cannot open it")

    sign_in(bob, demo, BOB)
    number = ask_for_access(bob, demo)
    decide(chen, demo, number, as_person=CHEN, button="Agree")
    expect(work).to_contain_text("Bob Li 李博 can open it", timeout=SEEN)
    expect(work).to_contain_text("authorisation: View, until")

    bob.goto(f"{demo.portal_url}/access")
    bob.get_by_role("main").get_by_role("link", name="Sales overview").first.click()
    bob.locator("#give-back").click()
    bob.locator("#give-back-now").click()
    expect(work).to_contain_text("Bob Li 李博 cannot open it", timeout=SEEN)
