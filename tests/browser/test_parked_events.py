"""Parked events in a browser: decided with the keyboard's focus where the answer is, usable by everybody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.looking import SMALL, Looks
from tests.browser.portal_window import SETTINGS, PortalWindow
from tests.portal_world import World
from tests.services.events_by_hand import look_at, park_event
from tests.services.story import set_up, started

pytestmark = pytest.mark.browser

EVENTS = f"{SETTINGS}/events"


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    made.subscribe()
    yield made
    made.close()


def test_an_admin_looks_at_parked_events_and_decides(world: World, new_page: NewPage) -> None:
    set_up(world)
    _, instance_id = started(world)
    world.work()
    page, looks = new_page(reduced_motion="reduce"), Looks()
    window = PortalWindow(page, world, "alice")

    window.go(SETTINGS)
    page.get_by_role("link", name="Parked events, and how long raw events are kept").click()
    expect(page.get_by_text("No event waits for a decision")).to_be_visible()
    looks.at(page, "nothing parked")

    large = json.dumps(
        {"EventType": "bpms_instance_change", "title": "张三的申请" * 200, "list": [*range(80)]}
    )
    ids = [park_event(world, "EC8G3f1-9a7e-4b40-8f0e-1234567890abcdef1234567890abcdef", payload=large)]
    ids.append(park_event(world, "b", reason="broken:IntegrityError", instance_id=instance_id))
    ids.append(park_event(world, "c"))
    page.reload()
    looks.at(page, "parked events")
    looks.at(page, "parked events", width=SMALL)

    page.get_by_role("button", name=re.compile(f"^Try again.*event {ids[2]}$")).click()
    expect(page.locator("#parked-events [data-focus]")).to_be_focused()
    expect(page.locator("#parked-events [data-focus]")).to_have_text("1 event is being sorted again.")
    looks.at(page, "one tried again")
    assert look_at(world, ids[2]).state == "received"

    page.get_by_label("Days").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Days")).to_be_focused()
    looks.at(page, "days that cannot be")
    page.get_by_label("Days").fill("90")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#payload-retention")).to_contain_text("Now: 90 days.")

    window.go(f"{EVENTS}/{ids[1]}")
    expect(page.get_by_text("IntegrityError")).to_be_visible()
    looks.at(page, "an event that the portal failed on")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#parked-event")).to_contain_text("Being sorted")
    looks.at(page, "being sorted")
    world.work()
    world.work()
    expect(page.locator("#parked-event")).to_contain_text("Applied", timeout=20_000)

    window.go(f"{EVENTS}/{ids[0]}")
    looks.at(page, "an event with a large payload", width=SMALL)
    page.get_by_role("button", name="Ignore").click()
    expect(page.locator("#parked-event [data-focus]")).to_be_focused()
    looks.at(page, "ignored")
    assert look_at(world, ids[0]).state == "ignored"
    assert not looks.faults, "\n".join(looks.faults)
