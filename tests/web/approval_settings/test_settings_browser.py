"""The settings in a real browser: dialogs, focus, live Test, accessible in both themes and on a small screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.portal_world import World
from tests.web.approval_settings.admin_browser import PAGE

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[2] / "browser" / "vendor" / "axe.min.js").read_text(encoding="utf-8")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


def as_alice(world: World, browser: Browser, **options: object) -> BrowserContext:
    """Open a browser window in which Alice is signed in."""
    context = browser.new_context(base_url=world.portal_url, **options)
    context.set_default_timeout(90_000)
    cookie = world.client("alice").get_cookie("portal_session")
    assert cookie
    context.add_cookies([{"name": "portal_session", "value": cookie.value, "url": world.portal_url}])
    return context


@pytest.fixture
def page(world: World, browser: Browser) -> Iterator[Page]:
    """Alice's settings page; script errors and policy violations fail the test."""
    context = as_alice(world, browser)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if "Security Policy" in message.text else None,
    )
    page.goto(PAGE)
    yield page
    context.close()
    assert complaints == []


def axe_findings(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")["violations"]
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found]


def open_association(page: Page) -> None:
    page.click("#associate-template")
    expect(page.locator("dialog[open] #association")).to_be_visible()


def associate(page: Page) -> None:
    open_association(page)
    page.get_by_role("button", name="One-click Generation").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("dialog[open]")).to_have_count(0)


def open_test(page: Page) -> None:
    page.click("#start-test")
    page.fill("#approver-search", "chen")
    page.check("#approver-chen")


def press_test(page: Page) -> None:
    page.locator("#trial-form").get_by_role("button", name="Test").click()


def test_ticking_the_channel_opens_the_dialog_and_confirming_keeps_the_other_box_ticked(page: Page) -> None:
    page.check("#is_enabled")
    page.check("#is_dingtalk_channel_on")
    expect(page.locator("dialog[open] #source-official")).to_be_focused()
    page.get_by_role("button", name="One-click Generation").click()
    expect(page.locator("dialog .notice-success")).to_be_focused()
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#approval-template")).to_contain_text("Quick BI Permission Request")
    expect(page.locator("#is_enabled")).to_be_checked()
    expect(page.locator("#is_dingtalk_channel_on")).to_be_checked()
    expect(page.locator("#is_dingtalk_channel_on")).to_be_focused()
    page.locator("#switches").get_by_role("button", name="Save").click()
    expect(page.locator("#switches")).to_contain_text("Saved")
    expect(page.locator("#next-step")).to_contain_text("Test the whole way")


def test_unticking_the_channel_opens_nothing(page: Page) -> None:
    page.check("#is_dingtalk_channel_on")
    expect(page.locator("dialog[open] #association")).to_be_visible()
    page.keyboard.press("Escape")
    with page.expect_response("**/settings/approval/template?**") as answer:
        page.uncheck("#is_dingtalk_channel_on")
    assert answer.value.status == 204
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_a_refusal_of_dingtalks_takes_the_focus_and_pressing_again_works(world: World, page: Page) -> None:
    world.control("PUT", "/permissions", {"Workflow.Form.Write": False})
    open_association(page)
    page.get_by_role("button", name="One-click Generation").click()
    refusal = page.locator("dialog .notice-danger")
    expect(refusal).to_contain_text("DingTalk API call failed[createOaApprovalTemplate]")
    expect(refusal).to_be_focused()
    world.control("PUT", "/permissions", {"Workflow.Form.Write": True})
    page.get_by_role("button", name="One-click Generation").click()
    expect(page.locator("dialog")).to_contain_text("The template is ready in DingTalk")


def test_test_turns_green_by_itself_and_the_page_behind_follows(world: World, page: Page) -> None:
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator("#next-step")).to_contain_text("Associate an approval template")
    associate(page)
    open_test(page)
    press_test(page)
    expect(page.locator("#trial .checklist > li").first).to_have_class("checklist-pending")
    world.work_until(lambda: world.services.callback_diagnosis.health().last_event_at is not None)
    world.work()
    expect(page.locator("#trial")).to_contain_text("It works")
    expect(page.locator("#trial .checklist-done")).to_have_count(3)
    expect(page.locator("#next-step")).to_contain_text("Approval works")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#start-test")).to_be_focused()


def test_generating_a_key_keeps_what_was_typed_and_saving_hides_it(page: Page) -> None:
    page.click("#change-app")
    page.fill("#app_secret", "app-secret-0123456789")
    page.fill("#agent_id", "42")
    page.get_by_role("button", name="Generate Signature token").click()
    expect(page.get_by_role("button", name="Copy Signature token")).to_be_focused()
    generated = page.input_value("#callback_token")
    assert len(generated) == 24
    assert page.input_value("#app_secret") == "app-secret-0123456789"
    page.press("#agent_id", "Enter")
    expect(page.locator("#dingtalk-app")).to_contain_text("Saved")
    expect(page.locator("#dingtalk-app .definitions")).to_contain_text("42")
    assert generated not in page.content()


def test_a_wrong_value_takes_the_focus(page: Page) -> None:
    page.click("#change-app")
    page.fill("#corp_id", "!")
    page.locator("#dingtalk-app .btn-primary").click()
    expect(page.locator("#corp_id")).to_be_focused()
    expect(page.locator("#dingtalk-app .error-summary")).to_be_visible()


def test_the_fallback_approver_is_found_while_typing(page: Page) -> None:
    page.click("#fallback-approver summary")
    page.fill("#fallback_approver-search", "iris")
    page.check("#fallback_approver-iris")
    page.locator("#fallback-approver").get_by_role("button", name="Save").click()
    expect(page.locator("#fallback-approver")).to_contain_text("Saved")
    expect(page.locator("#fallback-approver strong")).to_have_text("Iris He 何静")


def test_two_sections_saved_one_after_the_other_do_not_contradict_each_other(page: Page) -> None:
    version = page.locator("#switches input[name=version]")
    before = version.input_value()
    page.click("#fallback-approver summary")
    page.fill("#fallback_approver-search", "iris")
    page.check("#fallback_approver-iris")
    page.locator("#fallback-approver").get_by_role("button", name="Save").click()
    expect(page.locator("#fallback-approver")).to_contain_text("Saved")
    expect(version).not_to_have_value(before)  # the other section has drawn itself again
    page.check("#is_enabled")
    page.locator("#switches").get_by_role("button", name="Save").click()
    expect(page.locator("#switches")).to_contain_text("Saved")


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        pytest.param(1280, "dark", marks=pytest.mark.slow),
        (390, "light"),
        pytest.param(1280, "light", marks=pytest.mark.slow),
        pytest.param(390, "dark", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_and_nothing_is_too_wide(
    world: World, browser: Browser, scheme: str, width: int
) -> None:
    context = as_alice(
        world,
        browser,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(PAGE)
    found = {"fresh": axe_findings(page)}

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        found[name] = axe_findings(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[name].append(f"{wide} px wide")

    page.click("#change-app")
    page.fill("#corp_id", "!")
    page.locator("#dingtalk-app .btn-primary").click()
    expect(page.locator(".error-summary")).to_be_visible()
    look("binding with an error")
    page.goto(PAGE)
    open_association(page)
    look("dialog, official")
    world.control("PUT", "/permissions", {"Workflow.Form.Write": False})
    page.get_by_role("button", name="One-click Generation").click()
    expect(page.locator("dialog .notice-danger")).to_be_visible()
    look("dialog, refused")
    world.control("PUT", "/permissions", {"Workflow.Form.Write": True})
    page.get_by_role("button", name="One-click Generation").click()
    expect(page.get_by_role("button", name="Confirm")).to_be_visible()
    look("dialog, generated")
    page.check("#source-custom")
    page.locator("#template-choices a").first.click()
    expect(page.locator("dialog table")).to_be_visible()
    look("dialog, custom")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#approval-template")).to_contain_text("PROC-")
    look("associated")
    world.subscribe(token="anotherToken1")
    open_test(page)
    look("test, form")
    press_test(page)
    expect(page.locator("#trial")).to_be_visible()
    world.work_until(lambda: bool(world.services.callback_diagnosis.health().refusals))
    world.let_pass(seconds=31)
    expect(page.locator("#trial")).to_contain_text("The signature token differs")
    found["test, diagnosis"] = axe_findings(page)
    page.goto(PAGE)
    look("with refusals")
    context.close()
    assert not {name: each for name, each in found.items() if each}


def test_everything_works_without_javascript(world: World, browser: Browser) -> None:
    context = as_alice(world, browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(PAGE)
    page.check("#is_enabled")
    page.locator("#switches").get_by_role("button", name="Save").click()
    page.click("#associate-template")
    page.check("#source-custom")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("main")).to_contain_text("You manage no template in DingTalk")
    page.check("#source-official")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="One-click Generation").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#approval-template")).to_contain_text("PROC-")
    page.click("#fallback-approver summary")
    page.fill("#fallback_approver-search", "iris")
    page.locator("#fallback-approver").get_by_role("button", name="Find").click()
    page.check("#fallback_approver-iris")
    page.locator("#fallback-approver").get_by_role("button", name="Save").click()
    expect(page.locator("#fallback-approver strong")).to_have_text("Iris He 何静")
    page.click("#change-app")
    page.get_by_role("button", name="Generate Signature token").click()
    assert len(page.input_value("#callback_token")) == 24
    page.goto(f"{PAGE}/trials/new")
    page.fill("#approver-search", "chen")
    page.get_by_role("button", name="Find").click()
    page.check("#approver-chen")
    press_test(page)
    world.work_until(lambda: world.services.callback_diagnosis.health().last_event_at is not None)
    world.work()
    page.get_by_role("link", name="Reload").click()
    expect(page.locator("#trial")).to_contain_text("It works")
    context.close()
