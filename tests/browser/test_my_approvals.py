"""My approvals in Chromium: many at once with a result in part, and one rejected without a mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.portal_window import PortalWindow
from tests.browser.test_keyboard import tab_to
from tests.portal_world import World, world
from tests.services.decision_story import approval_id, set_up_here, state
from tests.services.story import ask, withdraw

__all__ = ["world"]

pytestmark = pytest.mark.browser

LEVELS = ("view", "export", "edit")


def test_some_of_those_selected_are_decided_and_the_last_is_rejected_by_keyboard(
    world: World, new_page: NewPage
) -> None:
    set_up_here(world)
    first, withdrawn, last = (ask(world, entitlement=level) for level in LEVELS)
    page: Page = new_page(viewport={"width": 390, "height": 844})
    window = PortalWindow(page, world, "chen")
    window.go("/approvals")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    for number in (first, withdrawn):
        page.get_by_label(f"Select {number}").check()
    withdraw(world, withdrawn)
    window.press("Approve selected")
    results = page.locator("#decision-results")
    expect(results).to_be_focused()
    expect(results).to_contain_text("1 of them is decided, the rest is not")
    expect(results).to_contain_text(withdrawn)
    expect(page.locator("article")).to_have_count(1)
    assert [state(world, each) for each in (first, withdrawn, last)] == ["approved", "withdrawn", "pending"]

    form = f"#decide-{approval_id(world, last)}"
    page.locator("#main").focus()
    tab_to(page, f"{form}-more")
    page.keyboard.press("Enter")
    tab_to(page, f"{form}-reject")
    page.keyboard.press("Enter")
    reason = page.locator(f"{form}-reason")
    expect(reason).to_be_focused()  # the browser itself asks for the reason
    page.keyboard.type("Not this quarter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    said = page.locator("#pending [role=status]")
    expect(said).to_be_focused()
    expect(said).to_contain_text("1 approval is rejected.")
    expect(page.locator("article")).to_have_count(0)
    expect(page.locator(".site-nav")).not_to_contain_text("My approvals (")
    assert state(world, last) == "rejected"
