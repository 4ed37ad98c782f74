"""Access as its person lives it: it works, is renewed, ends on time; is given back in one click; is taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.extensions import db
from portal.models import Grant
from tests.browser.conftest import NewPage
from tests.browser.looking import SMALL, Looks
from tests.browser.portal_window import PortalWindow
from tests.portal_world import World, portal_settings, world
from tests.services.grant_story import (
    REFUSED,
    CountingTarget,
    advance,
    approved,
    grant,
    known_people,
    with_target,
)
from tests.services.story import approval_of, set_up, state_of

__all__ = ["portal_settings", "world"]

pytestmark = pytest.mark.browser


@pytest.fixture
def target(world: World) -> CountingTarget:
    set_up(world)
    known_people(world, "chen")
    with world.app.app_context():
        world.services.chores.plan()
    return with_target(world, CountingTarget())


@pytest.fixture
def looks() -> Iterator[Looks]:
    looks = Looks()
    yield looks
    assert not looks.faults, "\n".join(looks.faults)


def given(world: World, **asked: object) -> int:
    grant_id = approved(world, **asked)  # type: ignore[arg-type]
    advance(world, grant_id)
    return int(grant_id or 0)


def test_access_is_renewed_before_its_end_and_then_ends_on_time(
    world: World, new_page: NewPage, target: CountingTarget
) -> None:
    first = given(world, days=3)
    bob = PortalWindow(new_page(reduced_motion="reduce"), world, "bob")
    bob.go("/access")
    expect(bob.page.get_by_text("Access works", exact=True)).to_be_visible()
    bob.page.get_by_role("link", name="Renew Sales overview").click()
    bob.page.locator("[name=validity][value='30']").check()
    bob.page.get_by_label("Why do you need it?").fill("The quarter goes on")
    bob.page.get_by_role("button", name="Send request", exact=True).last.click()
    bob.page.wait_for_url(re.compile(r"/requests/AR-\d{4}-\d{6}$"))
    number = bob.page.url.rsplit("/", 1)[1]
    world.work_until(lambda: state_of(number) == "pending")
    world.act(str(world.look(lambda: approval_of(number).instance_id)), "chen", "agree")
    second = select(Grant.id).where(Grant.renews_id == first, Grant.state == "active")
    world.work_until(lambda: db.session.scalar(second) is not None)

    bob.go(f"/access/{first}")
    expect(bob.page.locator("#grant")).to_contain_text("It is prolonged by a later approval.")
    world.let_pass(days=3, minutes=1)
    world.work_until(lambda: grant(world, first).state == "expired")
    assert set(target.held) == {world.look(lambda: db.session.scalar(second))}
    later = PortalWindow(new_page(), world, "bob")
    later.go("/access")
    expect(later.page.locator(".grant-list li")).to_have_count(1)
    expect(later.page.locator(".past-grants")).to_contain_text("Access expired")
    world.let_pass(days=60)
    world.work_until(lambda: target.held == {})
    at_last = PortalWindow(new_page(), world, "bob")
    at_last.go("/access")
    expect(at_last.page.get_by_text("You have no access by the portal")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("has_script", [True, False])
def test_access_is_given_back(
    world: World, new_page: NewPage, target: CountingTarget, has_script: bool
) -> None:
    grant_id = given(world)
    bob = PortalWindow(new_page(java_script_enabled=has_script), world, "bob")
    bob.go("/access")
    bob.page.get_by_role("link", name="Give back Sales overview").click()
    bob.page.get_by_role("button", name="Give back now").click()
    expect(bob.page.locator("#grant")).to_contain_text("Access is ending")
    world.work_until(lambda: grant(world, grant_id).state == "returned")
    if not has_script:
        bob.page.get_by_role("link", name="Reload to see the latest").click()
    expect(bob.page.locator("#grant .status")).to_contain_text("Given back")
    assert target.held == {}


@pytest.mark.slow
def test_access_is_taken_away_with_a_reason_and_every_page_can_be_used_by_everybody(
    world: World, new_page: NewPage, target: CountingTarget, looks: Looks
) -> None:
    grant_id = given(world)
    target.failures = [REFUSED]
    failing = given(world, resource="regional-revenue", entitlement="edit")
    given(world, resource="orders", entitlement="use", target="manual")
    chen = PortalWindow(new_page(reduced_motion="reduce"), world, "chen")
    for path in ("/access/tasks", f"/access/{failing}", f"/access/{grant_id}"):
        chen.go(path)
        looks.at(chen.page, path)
    chen.page.locator("#revoke").click()
    chen.press("Take away now")
    expect(chen.page.locator("#reason-error")).to_be_visible()
    looks.at(chen.page, "without a reason", width=SMALL)
    chen.page.get_by_label("Reason").fill("The project is over")
    chen.press("Take away now")
    expect(chen.page.locator("#grant")).to_contain_text("Access is ending")
    world.work_until(lambda: grant(world, grant_id).state == "revoked")
    bob = PortalWindow(new_page(reduced_motion="reduce"), world, "bob")
    for path in ("/access", f"/access/{failing}", f"/access/{failing}/return", f"/access/{grant_id}"):
        bob.go(path)
        looks.at(bob.page, path)
    expect(bob.page.locator("#grant")).to_contain_text("The project is over")
    expect(bob.page.locator("#grant")).to_contain_text("Chen Wei")
