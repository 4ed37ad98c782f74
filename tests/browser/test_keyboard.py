"""The association dialog with the keyboard alone: opened, used and closed, and the focus comes back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.portal_window import SETTINGS, PortalWindow
from tests.portal_world import World, world

__all__ = ["world"]

pytestmark = pytest.mark.browser

# More presses than any page has stops: whoever needs more never gets there.
MOST_STOPS = 60


@pytest.fixture
def page(world: World, new_page: NewPage) -> Page:
    page = new_page()
    PortalWindow(page, world, "alice").go(SETTINGS)
    return page


def tab_to(page: Page, selector: str, *, key: str = "Tab") -> None:
    """Press the key until the focus is there."""
    for _ in range(MOST_STOPS):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the keyboard does not get to {selector}")


def test_a_template_is_associated_without_a_mouse_and_the_focus_returns(page: Page) -> None:
    dialog = page.locator("dialog[open]")
    tab_to(page, "#associate-template")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Official")).to_be_focused()
    tab_to(page, "dialog #template-name")
    page.keyboard.press("Control+A")
    page.keyboard.type("Quick BI Approval")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("The template is ready in DingTalk")
    expect(dialog.locator(".notice-success")).to_be_focused()
    tab_to(page, "dialog .btn-primary")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("#approval-template")).to_contain_text("Quick BI Approval")
    expect(page.get_by_role("link", name="Change template")).to_be_focused()


def test_once_a_step_is_done_the_focus_is_on_the_next_one(page: Page) -> None:
    page.get_by_role("button", name="Switch it on").click()
    choose = page.get_by_role("link", name="Choose the template")
    choose.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="One-click Generation").press("Enter")
    dialog.get_by_role("button", name="Confirm").press("Enter")
    expect(page.get_by_role("link", name="Go to the Test")).to_be_focused()


@pytest.mark.parametrize("way_out", ["Escape", "Cancel", "the cross"])
def test_leaving_the_dialog_gives_the_focus_back_to_what_opened_it(page: Page, way_out: str) -> None:
    tab_to(page, "#associate-template")
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open]").get_by_label("Official")).to_be_focused()
    if way_out == "Escape":
        page.keyboard.press("Escape")
    else:
        tab_to(page, f"dialog {'.btn-link' if way_out == 'Cancel' else '.icon-button'}[data-close-dialog]")
        page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#associate-template")).to_be_focused()


def test_the_source_is_changed_with_the_arrow_keys_and_the_focus_stays_on_it(page: Page) -> None:
    tab_to(page, "#associate-template")
    page.keyboard.press("Enter")
    expect(page.locator("dialog #source-official")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("dialog")).to_contain_text("You manage no template in DingTalk")
    expect(page.locator("dialog #source-custom")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("dialog #template-name")).to_be_visible()
    expect(page.locator("dialog #source-official")).to_be_focused()


def test_the_focus_does_not_leave_the_open_dialog(page: Page) -> None:
    tab_to(page, "#associate-template")
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_be_visible()
    behind = "document.activeElement !== document.body && !document.activeElement.closest('dialog')"
    for _ in range(MOST_STOPS // 3):
        page.keyboard.press("Tab")
        assert not page.evaluate(behind)
    page.keyboard.press("Escape")


def test_ticking_the_channel_and_leaving_the_dialog_gives_the_focus_back(page: Page) -> None:
    tab_to(page, "#is_dingtalk_channel_on")
    page.keyboard.press("Space")
    expect(page.locator("dialog[open]").get_by_label("Official")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#is_dingtalk_channel_on")).to_be_focused()
