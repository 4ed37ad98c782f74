"""Three items of two owners asked for in one request: with scripts and without, found, added and left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.portal_window import PortalWindow
from tests.portal_world import World
from tests.services.several_story import items_by_approval
from tests.services.story import set_up

FORM = "/requests/new?resource_type=dashboard&resource_id=sales-overview&level=export"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    set_up(made)
    yield made
    made.close()


@pytest.mark.parametrize("has_script", [True, False], ids=["with scripts", "without scripts"])
def test_three_items_of_two_owners_are_asked_for_in_one_request(
    ready: World, new_page: NewPage, has_script: bool
) -> None:
    window = PortalWindow(new_page(java_script_enabled=has_script), ready, "bob")
    page = window.page
    window.go(FORM)
    page.get_by_label("Why do you need it?").fill("Quarterly report")
    add(window, "Executive", has_script=has_script)
    add(window, "Orders", has_script=has_script)
    add(window, "Supply chain", has_script=has_script)
    expect(page.get_by_role("heading", level=1)).to_have_text("Request access to 4 resources")
    expect(page.locator("#deciders")).to_contain_text("Nobody can decide about Supply chain")
    expect(page.get_by_role("button", name="Send request")).to_be_disabled()
    page.get_by_role("button", name="Remove Supply chain").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Request access to 3 resources")
    expect(page.locator(".decider-group")).to_have_count(2)
    expect(page.get_by_label("Why do you need it?")).to_have_value("Quarterly report")
    first = page.locator("#request-item")
    expect(first.get_by_role("radio", name="View and export")).to_be_checked()
    page.locator("#request-item-2").get_by_role("radio", name="Use", exact=True).check()
    # Asked for already by the same story with scripts; what must be confirmed is the owner's words.
    for box in page.locator(".item-pending input, .item-confirmation input").all():
        box.check()
    page.get_by_role("button", name="Send request").click()
    page.wait_for_url(re.compile(r"/requests/AR-\d{4}-\d{6}$"))
    number = page.url.rsplit("/", 1)[1]
    assert ready.look(lambda: items_by_approval(number)) == [
        ("chen", ["sales-overview", "orders"]),
        ("alice", ["executive-portal"]),
    ]


def test_enter_in_the_search_for_another_resource_sends_nothing(ready: World, new_page: NewPage) -> None:
    window = PortalWindow(new_page(java_script_enabled=False), ready, "bob")
    page = window.page
    window.go(FORM)
    page.get_by_label("Why do you need it?").fill("Quarterly report")
    page.get_by_role("button", name="Add another resource").click()
    page.get_by_label("Add a resource").fill("Regional")
    page.get_by_label("Add a resource").press("Enter")
    expect(page.get_by_role("button", name="Add Regional revenue")).to_be_visible()
    assert page.url.endswith("/requests")


def test_a_form_with_everything_open_is_accessible_and_fits_a_phone(ready: World, new_page: NewPage) -> None:
    window = PortalWindow(new_page(viewport={"width": 360, "height": 740}), ready, "bob")
    page = window.page
    window.go(
        f"{FORM}&resource_type=dataset&resource_id=orders&resource_type=workbook&resource_id=monthly-targets"
    )
    page.get_by_role("button", name="Add another resource").click()
    expect(page.get_by_label("Add a resource")).to_be_focused()
    page.get_by_label("Add a resource").fill("revenue")
    expect(page.get_by_role("button", name="Add Regional revenue")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Ask for a colleague instead").click()
    page.get_by_label("Which colleague is it for?").fill("Dora")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name="Choose Dora Wu").click()
    expect(page.locator("#colleague")).to_contain_text("For Dora Wu")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def add(window: PortalWindow, name: str, *, has_script: bool) -> None:
    """Find a resource by a part of its name and add it to the request."""
    page = window.page
    page.get_by_role("button", name="Add another resource").click()
    search = page.get_by_label("Add a resource")
    if has_script:
        expect(search).to_be_focused()
        search.fill(name)
    else:
        search.fill(name)
        page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name=f"Add {name}").click()
    expect(page.locator("#items")).to_contain_text(name)
