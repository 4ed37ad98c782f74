"""Countersigning as the help page tells it: allowed in the template, asked in DingTalk, followed in the portal."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.looking import Looks
from tests.browser.oa_steps import ask_colleague, lines, set_template_switch
from tests.browser.running_demo import RunningDemo
from tests.browser.steps import ALICE, BOB, CHEN, DORA, ask_for_access, decide, set_up_approval, sign_in

pytestmark = pytest.mark.browser
SEEN = 90_000


def test_countersigns_before_and_after_are_followed_to_the_approval(
    demo: RunningDemo, new_page: NewPage
) -> None:
    alice, bob, dora, oa = (new_page(reduced_motion="reduce") for _ in range(4))
    sign_in(alice, demo, ALICE)
    set_up_approval(alice, demo)
    set_template_switch(oa, demo, "Allow Countersigning", on=True)
    sign_in(bob, demo, BOB)
    number = ask_for_access(bob, demo)
    status = bob.locator("#status")
    expect(status).to_contain_text(f"Waiting for {CHEN}", timeout=SEEN)
    sign_in(dora, demo, DORA)
    answer = dora.goto(f"{demo.portal_url}/requests/{number}")
    assert answer is not None
    assert answer.status == 404

    ask_colleague(oa, demo, number, as_person=CHEN, button="Countersign: ask first", colleague=DORA)
    expect(status).to_contain_text(f"{CHEN} asked {DORA} to countersign before deciding", timeout=SEEN)
    expect(status).to_contain_text(f"Waiting for {DORA}")
    expect(status).to_contain_text(f"Then it is the turn of {CHEN}")
    dora.goto(f"{demo.portal_url}/requests/to-decide")
    dora.get_by_role("link", name=number, exact=True).click()
    expect(dora.locator("#status")).to_contain_text(f"Waiting for {DORA}")

    decide(oa, demo, number, as_person=DORA, button="Agree", remark="Fits the budget 符合预算")
    expect(status).to_contain_text(f"Waiting for {CHEN}", timeout=SEEN)
    ask_colleague(
        oa, demo, number, as_person=CHEN, button="Countersign: agree and ask too", colleague="Iris He 何静"
    )
    expect(status).to_contain_text("Waiting for Iris He 何静", timeout=SEEN)
    decide(oa, demo, number, as_person="Iris He 何静", button="Agree")
    expect(status).to_contain_text("Approved", timeout=SEEN)

    assert lines(bob) == [
        f"Submitted {BOB}",
        "Started in DingTalk",
        f"{CHEN} asked {DORA} to countersign before deciding",
        f"{DORA} agreed",
        f"{CHEN} asked Iris He 何静 to countersign afterwards",
        f"{CHEN} agreed",
        "Iris He 何静 agreed",
        "Approved",
    ]
    expect(status).to_contain_text("Fits the budget 符合预算")
    looks = Looks()
    looks.at(bob, "a countersigned request")
    looks.at(bob, "a countersigned request", width=390)
    assert looks.faults == []
