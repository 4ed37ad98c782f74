"""An approval that is handed on twice: everybody sees whose turn it is, and who had it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.oa_steps import IRIS, KATE, ask_colleague, lines
from tests.browser.running_demo import RunningDemo
from tests.browser.steps import ALICE, BOB, CHEN, ask_for_access, decide, set_up_approval, sign_in

# What it proves of the portal is proved without a browser in every run.
pytestmark = [pytest.mark.browser, pytest.mark.slow]
SEEN = 90_000


def test_a_chain_of_two_hand_overs_is_told_and_ends_with_the_last_one(
    demo: RunningDemo, new_page: NewPage
) -> None:
    alice, bob, chen, oa = (new_page() for _ in range(4))
    sign_in(alice, demo, ALICE)
    set_up_approval(alice, demo)
    sign_in(bob, demo, BOB)
    number = ask_for_access(bob, demo)
    status = bob.locator("#status")
    expect(status).to_contain_text(f"Waiting for {CHEN}", timeout=SEEN)

    ask_colleague(oa, demo, number, as_person=CHEN, button="Hand over", colleague=IRIS)
    expect(status).to_contain_text(f"Waiting for {IRIS}", timeout=SEEN)
    ask_colleague(oa, demo, number, as_person=IRIS, button="Hand over", colleague=KATE)
    expect(status).to_contain_text(f"Waiting for {KATE}", timeout=SEEN)

    sign_in(chen, demo, CHEN)
    chen.goto(f"{demo.portal_url}/requests/to-decide")
    expect(chen.get_by_role("main")).not_to_contain_text(number)
    chen.goto(f"{demo.portal_url}/requests/decided")
    chen.get_by_role("link", name=number).click()
    expect(chen.locator("#status")).to_contain_text(f"Waiting for {KATE}")

    decide(oa, demo, number, as_person=KATE, button="Refuse", remark="Not this quarter")
    expect(status).to_contain_text(f"Rejected by {KATE}", timeout=SEEN)
    assert lines(bob) == [
        f"Submitted {BOB}",
        "Started in DingTalk",
        f"{CHEN} handed over to {IRIS}",
        f"{IRIS} handed over to {KATE}",
        f"{KATE} refused",
        f"Rejected by {KATE}",
    ]
