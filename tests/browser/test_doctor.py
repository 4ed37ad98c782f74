"""The doctor in a real browser: lines appear one by one, a broken one is mended and turns green in place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.looking import Looks
from tests.browser.portal_window import SETTINGS, PortalWindow
from tests.portal_world import World
from tests.services.doctor_faults import deny, grant
from tests.services.doctor_story import keep_well, make_well

pytestmark = pytest.mark.browser

DOCTOR = f"{SETTINGS}/doctor"
PATIENCE_MILLISECONDS = 90_000


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    made.subscribe()
    make_well(made)
    yield made
    made.close()


@pytest.fixture
def world(well: World) -> World:
    keep_well(well)
    return well


@pytest.mark.parametrize("width", [1280, 360])
def test_an_admin_follows_the_remedy_and_sees_the_line_turn_green(
    world: World, new_page: NewPage, width: int
) -> None:
    page, looks = new_page(viewport={"width": width, "height": 800}, reduced_motion="reduce"), Looks()
    window = PortalWindow(page, world, "alice")
    deny("qyapi_get_member")(world)
    window.go(SETTINGS)
    page.get_by_role("link", name="Doctor", exact=True).click()
    summary = page.locator("#summary")
    expect(summary).to_contain_text("1 line is broken.", timeout=PATIENCE_MILLISECONDS)
    expect(page.locator("[id^=check-later]")).to_have_count(0, timeout=PATIENCE_MILLISECONDS)
    expect(page.locator("#check-contact_scope")).to_contain_text("Waits for: Permission to read people.")
    looks.at(page, "doctor with a broken line", width=width)
    page.set_viewport_size({"width": width, "height": 800})

    summary.get_by_role("link", name="Permission to read people").click()
    broken = page.locator("#check-members")
    expect(broken).to_contain_text("Permission management, and switch it on.")
    grant("qyapi_get_member")(world)
    again = broken.get_by_role("link", name="Check again Permission to read people")
    again.focus()
    page.keyboard.press("Enter")
    expect(broken).to_contain_text("qyapi_get_member is switched on.", timeout=PATIENCE_MILLISECONDS)
    expect(page.locator("#check-again-members")).to_be_focused()
    expect(page.locator("#check-contact_scope")).to_contain_text(
        "The app sees the whole organisation.", timeout=PATIENCE_MILLISECONDS
    )
    expect(summary).to_contain_text("All is well", timeout=PATIENCE_MILLISECONDS)
    looks.at(page, "doctor with nothing broken", width=width)
    assert not looks.faults, "\n".join(looks.faults)


def test_without_script_everything_is_looked_at_on_demand(world: World, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    window = PortalWindow(page, world, "alice")
    window.go(DOCTOR)
    page.get_by_role("link", name="Look at all lines now").first.click()
    expect(page.locator("#summary")).to_contain_text("All is well", timeout=PATIENCE_MILLISECONDS)
