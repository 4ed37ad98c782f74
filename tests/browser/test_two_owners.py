"""Three things of two owners in one request: one owner rejects, the other's two are granted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.portal_window import PortalWindow
from tests.portal_world import World, portal_settings, world
from tests.services.pending_story import approvals_of, states_of
from tests.services.story import set_up

__all__ = ["portal_settings", "world"]

pytestmark = pytest.mark.browser

ASKED = (
    ("dashboard", "sales-overview"),
    ("dashboard", "regional-revenue"),
    ("data_portal", "executive-portal"),
)


def instance_of(world: World, number: str, person: str) -> str:
    found = world.look(
        lambda: [each.instance_id for each in approvals_of(number) if each.approver.user_id == person]
    )
    return str(found[0])


def test_one_owner_rejects_and_the_others_two_are_granted(world: World, new_page: NewPage) -> None:
    set_up(world)
    world.client("chen")
    bob = PortalWindow(new_page(reduced_motion="reduce"), world, "bob")
    wanted = "&".join(f"resource_type={kind}&resource_id={name}" for kind, name in ASKED)
    bob.go(f"/requests/new?{wanted}")
    for radio in bob.page.locator("input[type=radio][value=view]").all():
        radio.check()
    bob.page.get_by_label("Why do you need it?").fill("Quarterly report 季度报告")
    bob.page.get_by_role("button", name="Send request", exact=True).last.click()
    bob.page.wait_for_url(re.compile(r"/requests/AR-\d{4}-\d{6}$"))
    number = bob.page.url.rsplit("/", 1)[1]
    world.work_until(lambda: states_of(number) == ["pending", "pending"])
    expect(bob.page.locator("#status")).to_contain_text("3 items wait for decisions.")
    expect(bob.page.locator(".request-group")).to_have_count(2)

    world.act(instance_of(world, number, "alice"), "alice", "refuse", "Ask your manager first")
    world.act(instance_of(world, number, "chen"), "chen", "agree")
    world.work_until(lambda: sorted(states_of(number)) == ["approved", "rejected"])
    # The page that Bob left open says so by itself.
    expect(bob.page.locator("#status")).to_contain_text("2 of 3 approved · 1 of 3 rejected")
    rejected = bob.page.locator(".request-group").filter(has_text="Executive portal")
    rejected.get_by_text("What happened").click()
    expect(rejected).to_contain_text("Ask your manager first")
    world.work_until(lambda: world.work() == 0)

    chen = PortalWindow(new_page(), world, "chen")
    for left in (2, 1):
        chen.go("/access/tasks")
        expect(chen.page.locator(".task")).to_have_count(left)
        chen.page.locator(".task").first.get_by_role("button").first.click()
        expect(chen.page.locator(".task")).to_have_count(left - 1)
        world.work_until(lambda: world.work() == 0)
    expect(bob.page.get_by_text("Access works")).to_have_count(2)
    expect(bob.page.locator(".request-group").filter(has_text="Executive portal")).to_contain_text(
        "No access is given."
    )
