"""axe-core finds nothing on the pages of admins and auditors either, and nothing is cut off at 360 pixels."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from portal.models.person import Role
from tests.browser.looking import SMALL, Looks
from tests.browser.portal_window import SETTINGS, PortalWindow
from tests.browser.test_accessibility import looks, page, shared_world, world
from tests.portal_world import World
from tests.services.grant_story import advance, approved, give_role, known_people

__all__ = ["looks", "page", "shared_world", "world"]

pytestmark = pytest.mark.browser

BAD_FILE = "resource_type,external_id,name\ndashboard,new-one,New one\nnonsense,,\n"


def test_the_pages_on_which_access_is_kept(world: World, page: Page, looks: Looks) -> None:
    known_people(world, "alice", "bob", "chen")
    made = approved(world, resource="regional-revenue", entitlement="edit")
    advance(world, made)
    window = PortalWindow(page, world, "alice")
    for path in ("/people", "/catalogue/new", "/grants?q=bob&person=bob", f"/access/{made}"):
        assert window.go(path) == 200
        looks.at(page, path)


def test_what_an_auditor_reads_and_what_they_are_refused(world: World, page: Page, looks: Looks) -> None:
    known_people(world, "kate")
    give_role(world, "kate", Role.AUDITOR)
    window = PortalWindow(page, world, "kate")
    window.go(SETTINGS)
    expect(page.locator("#webhook form")).to_be_attached()
    expect(page.get_by_role("main")).to_contain_text("You can read these settings, not change them")
    assert page.locator("main :is(input, select, textarea, button):not([type=hidden]):enabled").count() == 0
    expect(page.get_by_role("navigation").get_by_text("Request access")).to_have_count(0)
    looks.at(page, "settings, only to read")
    assert window.go("/catalogue/new") == 403
    looks.at(page, "403 for an auditor")


@pytest.mark.slow
def test_the_seldom_seen_states_of_the_pages_of_admins(world: World, page: Page, looks: Looks) -> None:
    known_people(world, "alice", "bob", "chen")
    made = approved(world)
    advance(world, made)
    window = PortalWindow(page, world, "alice")
    for path in (
        "/people/me",
        "/workspaces",
        "/catalogue",
        "/catalogue/imports",
        "/access/tasks",
        "/requests/all",
        "/grants?q=zzz",
        "/people/me/history",
    ):
        assert window.go(path) == 200
        looks.at(page, path)
    window.go("/grants")
    page.locator("#grant-list").get_by_role("link", name=re.compile("Sales overview")).click()
    looks.at(page, "history of a resource")
    window.go("/catalogue")
    page.locator("#resource-list").get_by_role("link", name=re.compile("Sales overview")).click()
    looks.at(page, "a resource")
    window.go("/workspaces")
    page.get_by_role("main").get_by_role("link", name=re.compile("Sales")).click()
    looks.at(page, "a workspace")
    window.go("/people?q=Wei")
    looks.at(page, "people found")
    window.press("Open their page")
    looks.at(page, "nobody chosen")
    window.go("/catalogue/imports")
    page.locator("input[type=file]").set_input_files(
        {"name": "catalogue.csv", "mimeType": "text/csv", "buffer": BAD_FILE.encode()}
    )
    window.press("Check the file")
    expect(page.get_by_role("main")).to_contain_text("Nothing was imported")
    looks.at(page, "a file with faults")
    window.go(f"/access/{made}")
    page.locator("#revoke").click()
    window.press("Take away now")
    expect(page.locator(".field-error")).to_be_visible()
    looks.at(page, "access taken away without a reason")


@pytest.mark.slow
def test_the_webhook_and_quick_bi_on_the_settings_page(world: World, page: Page, looks: Looks) -> None:
    window = PortalWindow(page, world, "alice")
    window.go(SETTINGS)
    webhook, quickbi = page.locator("#webhook"), page.locator("#quickbi")
    webhook.get_by_label("Address").fill("ftp://nowhere")
    window.press("Save", within="#webhook")
    expect(webhook.locator(".field-error")).to_be_visible()
    looks.at(page, "webhook with a fault")
    webhook.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    window.press("Save", within="#webhook")
    expect(webhook).to_contain_text("Copy the secret now")
    looks.at(page, "the webhook's secret", width=SMALL)
    window.press("Test", within="#webhook")
    expect(webhook).to_contain_text("The portal's server could not connect to it, so nothing was sent.")
    looks.at(page, "the webhook's Test fails")
    quickbi.get_by_label("Endpoint").fill(world.sandbox.url)
    quickbi.get_by_label("AccessKey ID").fill("LTAIsandboxQuickBI0001")
    quickbi.get_by_label("AccessKey secret").fill("mistyped")
    window.press("Save", within="#quickbi")
    window.press("Check connection", within="#quickbi")
    expect(quickbi.locator(".notice-danger")).to_be_visible()
    looks.at(page, "Quick BI refuses the key")
