"""The tool behind the webhook is down for an hour: people read that, do nothing, and have access once it is up."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from portal.models.person import Role
from portal.services.grants.webhook_settings import WebhookForm
from tests.browser.conftest import NewPage
from tests.browser.portal_window import SETTINGS, PortalWindow
from tests.grants.hook import Hook, listening
from tests.portal_world import World, portal_settings, world
from tests.services.grant_story import approved, give_role, grant, known_people, let_pass_until_due
from tests.services.story import actor_named

__all__ = ["portal_settings", "world"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AN_HOUR_SECONDS = 3600


@pytest.fixture
def hook(world: World) -> Iterator[Hook]:
    known_people(world, "alice", "bob", "chen")
    give_role(world, "alice", Role.ORGANIZATION_ADMIN)
    with listening() as made, world.app.app_context():
        form = WebhookForm(address=made.address, is_enabled=True, answers_checks=False, version=0)
        world.services.webhook_settings.save(actor_named("alice"), form)
        yield made


def test_a_tool_that_is_down_for_an_hour_gives_access_by_itself_once_it_is_up(
    world: World, new_page: NewPage, hook: Hook
) -> None:
    hook.status, hook.body = 502, b"bad gateway"
    made = approved(world, target="webhook")
    up_again_at = world.clock.now().timestamp() + AN_HOUR_SECONDS
    while world.clock.now().timestamp() < up_again_at:
        world.work()
        let_pass_until_due(world, made)

    bob = PortalWindow(new_page(reduced_motion="reduce"), world, "bob")
    bob.go(f"/access/{made}")
    told = bob.page.get_by_role("main")
    expect(told).to_contain_text("The webhook has trouble of its own")
    expect(told).to_contain_text("It answered 502: bad gateway")
    expect(told).to_contain_text("The portal tries again by itself")
    alice = PortalWindow(new_page(), world, "alice")
    alice.go(SETTINGS)
    log = alice.page.locator("#webhook")
    expect(log).to_contain_text("502")

    hook.status, hook.body = 200, b""
    world.work()
    assert grant(world, made).state == "active"
    bob.go(f"/access/{made}")
    expect(bob.page.locator("#grant .status")).to_contain_text("Access works")
    expect(told).not_to_contain_text("The portal tries again")
    bob.go("/access")
    expect(bob.page.get_by_text("Access works", exact=True)).to_be_visible()
    deliveries = {(json.loads(each.body)["event"], each.headers["Portal-Delivery"]) for each in hook.calls}
    assert [event for event, _ in deliveries] == ["grant.deliver"]
