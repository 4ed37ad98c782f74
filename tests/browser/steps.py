"""What people do in the browser, step by step; with ``has_script`` false they reload instead of waiting."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Locator, Page, expect

from tests.browser.running_demo import RunningDemo

ALICE, BOB, CHEN, DORA = "Alice Zhang 张爱丽", "Bob Li 李博", "Chen Wei 陈伟", "Dora Wu 吴朵"
ENDED = re.compile("Test approval (withdrawn|ended)")


def sign_in(page: Page, demo: RunningDemo, name: str) -> None:
    """Sign in through DingTalk's page with one click on the person."""
    page.goto(f"{demo.portal_url}/sign-in")
    page.get_by_role("link", name="Sign in with DingTalk").click()
    page.get_by_role("button", name=name).click()
    page.wait_for_url(f"{demo.portal_url}/**")
    expect(page.locator(".site-person-name")).to_contain_text(name)


def set_up_approval(page: Page, demo: RunningDemo, *, has_script: bool = True) -> None:
    """As Alice: enable approval, generate the official template and confirm it."""
    page.goto(f"{demo.portal_url}/settings/approval")
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_role("link", name="Choose the template").click()
    page.get_by_role("button", name="One-click Generation").click()
    page.locator("#association").get_by_role("button", name="Confirm").click()
    panel = page.locator("#approval-template")
    expect(panel).to_contain_text("Quick BI Permission Request")
    expect(panel).to_contain_text("PROC-")
    if has_script:
        expect(page.locator("dialog")).not_to_be_visible()


def start_test(page: Page, demo: RunningDemo, *, approver: str = CHEN) -> None:
    """As Alice: press Test and choose the approver."""
    page.goto(f"{demo.portal_url}/settings/approval")
    page.locator("#start-test").click()
    page.locator("#approver-search").fill(approver.split()[0])
    page.locator("#approver-search").press("Enter")
    page.get_by_role("radio", name=approver).check()
    page.locator("#trial-form").get_by_role("button", name="Test").click()


def checklist_line(page: Page, title: str | re.Pattern[str]) -> Locator:
    return page.locator(".checklist > li").filter(has_text=title)


def ask_for_access(page: Page, demo: RunningDemo, *, reason: str = "Quarterly report 季度报告") -> str:
    """As Bob: ask for a dashboard and return the request's number."""
    page.goto(f"{demo.portal_url}/requests/new?resource_type=dashboard&resource_id=sales-overview&level=view")
    expect(page.get_by_role("main")).to_contain_text(CHEN)
    page.get_by_label("Why do you need it?").fill(reason)
    page.get_by_role("button", name="Send request").click()
    page.wait_for_url(re.compile(r"/requests/AR-\d{4}-\d{6}$"))
    return page.url.rsplit("/", 1)[1]


def decide(
    page: Page, demo: RunningDemo, number: str, *, as_person: str, button: str, remark: str = ""
) -> None:
    """In DingTalk's inbox: open the approval that carries this number and press a button."""
    open_in_dingtalk(page, demo, number, as_person=as_person)
    if remark:
        page.get_by_label(re.compile("Remark|Comment")).first.fill(remark)
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("button", name=button, exact=True)).to_have_count(0)


def open_in_dingtalk(page: Page, demo: RunningDemo, number: str, *, as_person: str) -> None:
    """In DingTalk's inbox: open the approval that carries this number."""
    act_as(page, demo, as_person)
    card = page.locator("#inbox li").filter(has_text=number)
    reload_until(page, lambda: card.count() > 0)
    # The inbox draws itself anew every two seconds: a click may hit what is just being replaced.
    page.goto(f"{demo.sandbox_url}{card.get_by_role('link').first.get_attribute('href')}")


def act_as(page: Page, demo: RunningDemo, name: str) -> None:
    """Open DingTalk's inbox as somebody."""
    page.goto(f"{demo.sandbox_url}/oa")
    page.locator("#acting").get_by_role("button", name=name).click()
    expect(page.locator("#acting").get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")


def tick_permission(page: Page, permission: str) -> None:
    """In DingTalk's developer console: switch a permission of the app on."""
    page.get_by_role("checkbox", name=permission).check()
    with page.expect_navigation():
        page.get_by_role("button", name="Save permissions").click()
    expect(page.get_by_role("checkbox", name=permission)).to_be_checked()


def generate_key(page: Page, name: str) -> str:
    """On the settings page: generate a key for the callback, save it, and return what is to be copied."""
    details = page.locator("#dingtalk-app details")
    change = page.locator("#change-app")
    if change.is_visible():
        change.click()
    details.get_by_role("button", name=f"Generate {name}").click()
    expect(details.get_by_role("button", name=f"Copy {name}")).to_be_visible()
    made = details.get_by_label(name, exact=True).input_value()
    details.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator("#dingtalk-app")).to_contain_text("Saved")
    return made


def reload_until(page: Page, is_so: object, *, seconds: float = 60) -> None:
    """Reload the page until something is so: what a person without JavaScript does."""
    deadline = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        page.wait_for_timeout(300)
        page.reload()
