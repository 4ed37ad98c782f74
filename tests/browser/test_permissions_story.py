"""The help page's two questions, met in the browser and cured by doing only what the page says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.looking import Looks
from tests.browser.running_demo import RunningDemo
from tests.browser.steps import (
    ALICE,
    checklist_line,
    generate_key,
    set_up_approval,
    sign_in,
    start_test,
    tick_permission,
)

pytestmark = pytest.mark.browser

FORM_WRITE, INSTANCE_WRITE = "Workflow.Form.Write", "Workflow.Instance.Write"
EVENT_LINE = "Start event received back"
# The page promises a diagnosis after 30 seconds; the browser asks every second.
DIAGNOSED_WITHIN_SECONDS = 40


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """One demo for all of these stories: each leaves it cured."""
    with RunningDemo(tmp_path_factory.mktemp("demo") / "instance") as running:
        yield running


@pytest.fixture
def alice(demo: RunningDemo, new_page: NewPage) -> Page:
    page = new_page(reduced_motion="reduce")
    sign_in(page, demo, ALICE)
    return page


@pytest.fixture
def alice_with_template(demo: RunningDemo, alice: Page) -> Page:
    alice.goto(f"{demo.portal_url}/settings/approval")
    if alice.get_by_role("button", name="Switch it on").count():
        set_up_approval(alice, demo)
    return alice


def test_a_template_without_its_permission_is_refused_in_dingtalks_words_and_cured_as_the_page_says(
    demo: RunningDemo, alice: Page
) -> None:
    demo.control("PUT", "/permissions", {FORM_WRITE: False})
    alice.goto(f"{demo.portal_url}/settings/approval/template")
    for permission_text, said in (
        ("help_page", "No permission to call this API."),
        ("apply_link", f"[{FORM_WRITE}]"),
    ):
        demo.control("PUT", "/settings", {"permission_text": permission_text})
        alice.get_by_role("button", name="One-click Generation").click()
        refusal = alice.locator("#association .notice-danger")
        expect(refusal.locator("code").first).to_have_text(
            re.compile(
                r"^DingTalk API call failed\[createOaApprovalTemplate\], "
                r"\[Forbidden\.AccessDenied\.AccessTokenPermissionDenied - code: 403, .*" + re.escape(said)
            )
        )
        expect(refusal).to_contain_text("Workflow template write permission")
        expect(refusal).to_contain_text("Then press One-click Generation again.")
    switch_on_as_told(alice, refusal, FORM_WRITE)
    alice.get_by_role("button", name="One-click Generation").click()
    expect(alice.locator("#association")).to_contain_text("The template is ready in DingTalk")


def test_a_test_without_its_permission_names_it_and_works_once_it_is_switched_on(
    demo: RunningDemo, alice_with_template: Page
) -> None:
    page = alice_with_template
    demo.control("PUT", "/settings", {"permission_text": "apply_link"})
    demo.control("PUT", "/permissions", {INSTANCE_WRITE: False})
    start_test(page, demo)
    expect(checklist_line(page, "Approval started in DingTalk")).to_have_class(re.compile("checklist-failed"))
    refusal = page.locator("#trial .notice-danger")
    expect(refusal.locator("code").first).to_have_text(
        re.compile(
            r"^DingTalk API call failed\[(startProcessInstance|forecast)\], "
            r"\[Forbidden\.AccessDenied\.AccessTokenPermissionDenied - code: 403, "
        )
    )
    expect(refusal).to_contain_text("Workflow instance write permission")
    looks = Looks()
    looks.at(page, "failed Test in the demo")
    assert looks.faults == []
    switch_on_as_told(page, refusal, INSTANCE_WRITE)
    press_test_again(page)
    expect_green(page)


def wrong_token(demo: RunningDemo) -> None:
    change_subscription(demo, token="somethingElse01")


def wrong_aes_key(demo: RunningDemo) -> None:
    change_subscription(demo, aes_key="k" * 43)


def start_not_ticked(demo: RunningDemo) -> None:
    change_subscription(demo, types=["finish", "terminate"], events=["bpms_instance_change"])


def unreachable_address(demo: RunningDemo) -> None:
    change_subscription(demo, url="http://127.0.0.1:1/callbacks/dingtalk")


def no_subscription(demo: RunningDemo) -> None:
    demo.control("DELETE", "/subscription")


def new_token(page: Page, console: Page) -> None:
    token = generate_key(page, "Signature token")
    console.get_by_label("Signature token").fill(token)


def new_aes_key(page: Page, console: Page) -> None:
    aes_key = generate_key(page, "Encryption aes_key")
    console.get_by_label("Encryption key aes_key").fill(aes_key)


def tick_start(_page: Page, console: Page) -> None:
    console.get_by_role("checkbox", name="start", exact=True).check()


def correct_address(page: Page, console: Page) -> None:
    """Compare the address, as asked, and enter the one that the portal shows."""
    console.get_by_label("Address", exact=True).fill(page.locator("#callback-address").input_value())


def subscribe_anew(page: Page, console: Page) -> None:
    """Enter everything: address and both keys."""
    address = page.locator("#callback-address").input_value()
    new_token(page, console)
    new_aes_key(page, console)
    console.get_by_label("Address", exact=True).fill(address)


DIAGNOSES = [
    (wrong_token, "The signature token differs", new_token),
    (wrong_aes_key, "The aes_key differs", new_aes_key),
    (start_not_ticked, "Other events arrive, but not this start", tick_start),
    (no_subscription, "The address worked, but no start event came", subscribe_anew),
    (unreachable_address, "The address worked, but no start event came", correct_address),
]


# Each takes as long as DingTalk's own patience, so one stands for all in the fast suite.
@pytest.mark.parametrize(
    ("spoil", "diagnosis", "cure"),
    [
        pytest.param(*each, id=each[0].__name__, marks=[pytest.mark.slow] if position else [])
        for position, each in enumerate(DIAGNOSES)
    ],
)
def test_events_that_do_not_arrive_are_diagnosed_and_come_back_when_cured_as_the_page_says(
    demo: RunningDemo,
    alice_with_template: Page,
    new_page: NewPage,
    spoil: Callable[[RunningDemo], None],
    diagnosis: str,
    cure: Callable[[Page, Page], None],
) -> None:
    page, console = alice_with_template, new_page()
    spoil(demo)
    start_test(page, demo)
    expect(checklist_line(page, "Approval started in DingTalk")).to_have_class(
        re.compile("checklist-done"), timeout=20_000
    )
    found = page.locator("#trial .notice-warning")
    expect(found).to_contain_text(diagnosis, timeout=DIAGNOSED_WITHIN_SECONDS * 1000)
    expect(checklist_line(page, EVENT_LINE)).to_have_class(re.compile("checklist-failed"))

    page.goto(f"{demo.portal_url}/settings/approval")
    console.goto(f"{demo.sandbox_url}/console/events")
    cure(page, console)
    console.get_by_role("button", name="Save", exact=True).click()
    expect(console.get_by_text("Saved: the address answered success.")).to_be_visible()
    page.locator("#last-trial").click()
    press_test_again(page)
    expect_green(page)


def change_subscription(demo: RunningDemo, **changes: object) -> None:
    """Change what DingTalk's console holds, without its check of the address."""
    demo.control("PUT", "/subscription", {**demo.control("GET", "/state")["subscription"], **changes})


def switch_on_as_told(page: Page, refusal: Locator, permission: str) -> None:
    """Follow the link of the refusal and tick the permission that it names."""
    expect(refusal).to_contain_text(permission)
    link = refusal.get_by_role("link", name="Switch it on in DingTalk's console")
    with page.context.expect_page() as opened:
        link.click()
    tick_permission(opened.value, permission)
    opened.value.close()


def press_test_again(page: Page) -> None:
    """Press Test again; the approver is remembered."""
    page.locator("#trial").get_by_role("link", name="Test again").click()
    page.locator("#trial-form").get_by_role("button", name="Test").click()


def expect_green(page: Page) -> None:
    expect(checklist_line(page, EVENT_LINE)).to_have_class(re.compile("checklist-done"), timeout=20_000)
    expect(page.get_by_text("It works", exact=True)).to_be_visible()
