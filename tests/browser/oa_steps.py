"""What people do in DingTalk's OA beyond deciding: countersign, hand over, look at the template's settings."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.running_demo import RunningDemo
from tests.browser.steps import open_in_dingtalk

IRIS, KATE = "Iris He 何静", "Kate Xu 徐凯"


def ask_colleague(
    page: Page, demo: RunningDemo, number: str, *, as_person: str, button: str, colleague: str
) -> None:
    """Open “More” and press a button there that is about a colleague."""
    open_in_dingtalk(page, demo, number, as_person=as_person)
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Colleague", exact=True).select_option(label=colleague)
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("button", name=button, exact=True)).to_have_count(0)


def set_template_switch(page: Page, demo: RunningDemo, switch: str, *, on: bool) -> None:
    """In DingTalk's designer: set one of the template's switches."""
    page.goto(f"{demo.sandbox_url}/console/templates")
    page.get_by_role("link", name="Quick BI Permission Request", exact=True).click()
    page.get_by_role("checkbox", name=switch).set_checked(on)
    with page.expect_navigation():
        page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("checkbox", name=switch)).to_be_checked(checked=on)


def lines(page: Page) -> list[str]:
    """Return the titles of the status page's timeline."""
    return [each.strip() for each in page.locator("#status .timeline-title").all_inner_texts()]
