"""Quick BI refuses: each time the people concerned read why, do what they are told, and it works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from portal.models.person import Role
from portal.settings import InitialQuickBI
from tests.browser.conftest import NewPage
from tests.browser.portal_window import PortalWindow
from tests.portal_world import World
from tests.services.grant_story import advance, approved, give_role, known_people

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    known_people(shared_world, "bob", "dora", "chen")
    give_role(shared_world, "alice", Role.ORGANIZATION_ADMIN)
    with shared_world.app.app_context():
        shared_world.services.quickbi_settings.connect_initially(
            InitialQuickBI(
                endpoint=shared_world.sandbox.url,
                access_key_id="LTAIsandboxQuickBI0001",
                access_key_secret="sandbox-secret-of-quick-bi",
            )
        )
    return shared_world


def in_quick_bi(page: Page, world: World, person: str) -> Page:
    """Open the pretended Quick BI as somebody."""
    page.goto(f"{world.sandbox.url}/console/quickbi")
    page.locator("#acting").get_by_role("button", name=person).click()
    expect(page.locator("#acting").get_by_role("button", name=person)).to_have_attribute(
        "aria-pressed", "true"
    )
    return page


def mended(admin: PortalWindow, world: World, made: int | None) -> None:
    """Press Try again, and let the worker do it."""
    admin.go(f"/access/{made}")
    admin.press("Try again")
    expect(admin.page.get_by_role("main")).to_be_visible()
    advance(world, made)


def test_edit_on_a_private_work_waits_until_its_owner_opens_it(world: World, new_page: NewPage) -> None:
    made = approved(world, resource="regional-revenue", entitlement="edit")
    advance(world, made)
    bob, admin = PortalWindow(new_page(), world, "bob"), PortalWindow(new_page(), world, "alice")
    bob.go(f"/access/{made}")
    told = bob.page.get_by_role("main")
    expect(told).to_contain_text("Edit would not take effect: the work is private")
    expect(told).to_contain_text("Its owner sets the edit permission to specified members in Quick BI.")
    expect(told).to_contain_text("The portal does not try again by itself.")

    quick_bi = in_quick_bi(new_page(), world, "Bob Li")
    expect(quick_bi.locator("#work-regional-revenue")).to_contain_text("cannot open it")
    quick_bi.locator("#level-regional-revenue").select_option("12")
    quick_bi.locator("form", has=quick_bi.locator("#level-regional-revenue")).get_by_role("button").click()
    mended(admin, world, made)
    expect(quick_bi.locator("#work-regional-revenue")).to_contain_text("Bob Li 李博 can open it")
    bob.go(f"/access/{made}")
    expect(told).not_to_contain_text("does not try again by itself")


def test_sharing_switched_off_is_told_and_mended(world: World, new_page: NewPage) -> None:
    quick_bi = in_quick_bi(new_page(), world, "Bob Li")
    quick_bi.get_by_label("Sales 销售").uncheck()
    quick_bi.locator("form", has=quick_bi.get_by_label("Sales 销售")).get_by_role("button").click()
    made = approved(world)
    advance(world, made)
    bob, admin = PortalWindow(new_page(), world, "bob"), PortalWindow(new_page(), world, "alice")
    bob.go(f"/access/{made}")
    told = bob.page.get_by_role("main")
    expect(told).to_contain_text("The workspace does not allow that access is given")
    expect(told).to_contain_text("A workspace administrator switches on in Quick BI")

    quick_bi.get_by_label("Sales 销售").check()
    quick_bi.locator("form", has=quick_bi.get_by_label("Sales 销售")).get_by_role("button").click()
    mended(admin, world, made)
    expect(quick_bi.locator("#work-sales-overview")).to_contain_text("Bob Li 李博 can open it")


def test_access_by_a_group_stays_and_the_group_is_named(world: World, new_page: NewPage) -> None:
    made = approved(world, who="dora", resource="supply-chain", entitlement="export")
    advance(world, made)
    quick_bi = in_quick_bi(new_page(), world, "Dora Wu")
    expect(quick_bi.locator("#work-supply-chain")).to_contain_text("authorisation: View and export")
    dora, admin = PortalWindow(new_page(), world, "dora"), PortalWindow(new_page(), world, "alice")
    dora.go(f"/access/{made}")
    dora.page.locator("#give-back").click()
    dora.press("Give back now")
    expect(dora.page.get_by_role("main")).to_be_visible()
    advance(world, made)
    dora.go(f"/access/{made}")
    told = dora.page.get_by_role("main")
    expect(told).to_contain_text("The person keeps access through a user group")
    expect(told).to_contain_text("The resource was given to the user group Finance 财务")

    world.control("PUT", "/quickbi/groups/group-finance", {"members": ["kate"]})
    mended(admin, world, made)
    expect(quick_bi.locator("#work-supply-chain")).to_contain_text("Dora Wu 吴朵 cannot open it")
    dora.go(f"/access/{made}")
    expect(told).not_to_contain_text("Finance")
