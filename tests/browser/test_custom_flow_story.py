"""A template of the organisation's own with a flow of its own: chosen, asked through, decided by everybody in it.

The flow has the three rules that the product's help page names: Selected by Initiator, Specified Members and Direct
Supervisor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.looking import Looks
from tests.browser.portal_window import SETTINGS, PortalWindow
from tests.portal_world import World
from tests.services.choosing_story import FINANCE, SELECT, SUPERVISOR, design, set_up_flow
from tests.services.story import fault, state_of

pytestmark = pytest.mark.browser

BOB, CHEN, DORA, IRIS, KATE = "Bob Li 李博", "Chen Wei 陈伟", "Dora Wu 吴朵", "Iris He 何静", "Kate Xu 徐凯"
LARGE, SMALL = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FORM = "/requests/new?resource_type=dashboard&resource_id=sales-overview&level=view"
FIELDS = (("TextField", "Request number"), ("TextareaField", "Reason"))


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    return shared_world


def prepare_template(world: World, *nodes: dict[str, Any]) -> None:
    """In DingTalk: an administrator makes a form and designs its flow."""
    components = [
        {"componentType": kind, "props": {"componentId": f"{kind}-1", "label": label, "required": True}}
        for kind, label in FIELDS
    ]
    world.control("POST", "/templates", {"name": "Data access 数据权限", "components": components})
    design(world, *nodes)


def associate(page: Page, window: PortalWindow) -> None:
    """As Alice: switch approval on and take the template that was made in DingTalk."""
    window.go(SETTINGS)
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_role("link", name="Choose the template").click()
    page.get_by_role("radio", name="Custom").check()
    page.get_by_role("link", name="Data access 数据权限").click()
    page.locator("dialog").get_by_role("button", name="Confirm").click()
    expect(page.locator("#approval-template")).to_contain_text("Data access 数据权限")


def fill_in(page: Page, window: PortalWindow) -> None:
    """As Bob: open the form, see the flow, and choose Dora instead of whom the portal proposes."""
    window.go(FORM)
    flow = page.locator("#flow-choice")
    expect(flow.get_by_role("checkbox", name=CHEN)).to_be_checked()
    also = flow.locator(".flow-nodes")
    for name in (KATE, CHEN):
        expect(also).to_contain_text(name)
    page.get_by_label("Why do you need it?").fill("Quarterly report 季度报告")
    page.get_by_label("Search by name").fill("dor")
    flow.get_by_role("checkbox", name=DORA).check()
    flow.get_by_role("checkbox", name=CHEN).uncheck()
    expect(flow.get_by_role("checkbox", name=BOB)).to_have_count(0)


def send(page: Page) -> str:
    page.get_by_role("button", name="Send request").click()
    page.wait_for_url(re.compile(r"/requests/AR-\d{4}-\d{6}$"))
    return page.url.rsplit("/", 1)[1]


def agree(page: Page, world: World, number: str, *, who: str) -> None:
    """In DingTalk's inbox: open what waits for this person, and agree."""
    page.goto(f"{world.sandbox.url}/oa")
    page.locator("#acting").get_by_role("button", name=who).click()
    card = page.locator("#inbox li").filter(has_text=number)
    # The inbox draws itself anew every two seconds: a click may hit what is just being replaced.
    page.goto(f"{world.sandbox.url}{card.get_by_role('link').first.get_attribute('href')}")
    page.get_by_role("button", name="Agree", exact=True).click()
    expect(page.get_by_role("button", name="Agree", exact=True)).to_have_count(0)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_flow_of_three_rules_runs_from_the_template_to_the_approval_of_all(
    world: World, new_page: NewPage
) -> None:
    prepare_template(world, SELECT, FINANCE, SUPERVISOR)
    alice, bob, dingtalk = (new_page(viewport=LARGE) for _ in range(3))
    associate(alice, PortalWindow(alice, world, "alice"))

    window = PortalWindow(bob, world, "bob")
    fill_in(bob, window)
    number = send(bob)
    world.work_until(lambda: state_of(number) == "pending")

    status = bob.locator("#status")
    expect(status).to_contain_text("waits for")
    for who in (DORA, KATE, CHEN):
        expect(status).not_to_contain_text("Approved")
        agree(dingtalk, world, number, who=who)
        world.work()
    world.work_until(lambda: state_of(number) == "approved")
    expect(status).to_contain_text("Approved")
    for name in (DORA, KATE, CHEN):
        expect(status).to_contain_text(name)


@pytest.mark.slow
def test_a_flow_edited_before_the_start_asks_again_on_a_small_screen_and_goes_on(
    world: World, new_page: NewPage
) -> None:
    set_up_flow(world, SELECT, FINANCE, SUPERVISOR)
    bob, dingtalk = new_page(viewport=SMALL), new_page(viewport=SMALL)
    window = PortalWindow(bob, world, "bob")
    fill_in(bob, window)
    assert fits(bob)
    number = send(bob)
    design(world, {**SELECT, "range": ["iris", "kate", "bob"], "multi": False}, FINANCE, SUPERVISOR)
    world.work_until(lambda: state_of(number) == "needs_choice")

    again = bob.locator("#choose-again")
    expect(again.get_by_role("heading", name="Choose approvers again")).to_be_visible()
    expect(bob.locator("#status")).to_contain_text("Needs your choice")
    expect(again.get_by_role("radio")).to_have_count(2)
    again.get_by_role("button", name="Start the approval").click()
    expect(again).to_contain_text("Choose who approves.")
    assert fits(bob)
    again.get_by_role("radio", name=IRIS).check()
    again.get_by_role("button", name="Start the approval").click()
    expect(bob.locator("#choose-again")).to_have_count(0)
    world.work_until(lambda: state_of(number) == "pending")

    for who in (IRIS, KATE, CHEN):
        agree(dingtalk, world, number, who=who)
        world.work()
    world.work_until(lambda: state_of(number) == "approved")
    expect(bob.locator("#status")).to_contain_text("Approved")


def test_approvers_are_found_with_the_keyboard_and_enter_never_sends_the_request(
    world: World, new_page: NewPage
) -> None:
    set_up_flow(world, SELECT, FINANCE)
    page = new_page(viewport=LARGE)
    PortalWindow(page, world, "bob").go(FORM)
    page.get_by_label("Why do you need it?").fill("By keyboard")
    page.get_by_label("Search by name").fill("Kate")
    page.get_by_label("Search by name").press("Enter")
    # Typing and Enter both ask; what came first may be replaced once more.
    expect(page.locator(".htmx-request")).to_have_count(0)
    kate = page.locator("#flow-choice").get_by_role("checkbox", name=KATE)
    expect(kate).to_be_visible()
    expect(page.get_by_label("Why do you need it?")).to_have_value("By keyboard")
    kate.focus()
    page.keyboard.press("Space")
    expect(kate).to_be_checked()
    # What is ticked stays while somebody else is looked for.
    page.get_by_label("Search by name").fill("nobody of that name")
    expect(page.locator("#flow-choice")).to_contain_text("Nobody else who is active")
    expect(kate).to_be_checked()
    assert page.url.endswith(FORM)


def test_without_javascript_a_person_is_found_and_chosen_too(world: World, new_page: NewPage) -> None:
    set_up_flow(world, SELECT, FINANCE)
    page = new_page(viewport=SMALL, java_script_enabled=False)
    PortalWindow(page, world, "bob").go(FORM)
    page.get_by_label("Why do you need it?").fill("Without script")
    page.get_by_label("Search by name").fill("Kate")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("checkbox", name=KATE).check()
    number = send(page)
    design(world, {**SELECT, "range": ["iris"]}, FINANCE)
    world.work_until(lambda: state_of(number) == "needs_choice")
    page.reload()
    page.get_by_role("link", name="Choose approvers again").click()
    page.get_by_role("checkbox", name=IRIS).check()
    page.get_by_role("button", name="Start the approval").click()
    page.wait_for_url(re.compile(rf"/requests/{number}$"))
    world.work_until(lambda: state_of(number) == "pending")


@pytest.mark.slow
def test_choosing_approvers_is_usable_by_everybody_on_every_screen(world: World, new_page: NewPage) -> None:
    listed = {**SELECT, "name": "会签 Second pair of eyes", "range": ["dora", "kate", "iris"], "multi": False}
    set_up_flow(world, SELECT, {**listed, "required": False}, FINANCE, SUPERVISOR)
    world.client("eve")
    page, looks = new_page(reduced_motion="reduce"), Looks()
    window = PortalWindow(page, world, "eve")
    window.go(FORM)
    looks.at(page, "a flow without a supervisor")
    page.get_by_label("Search by name").fill("o")
    expect(page.locator("#flow-choice")).to_contain_text("people found")
    looks.at(page, "people found")
    page.get_by_role("checkbox", name=CHEN).uncheck()
    page.get_by_label("Why do you need it?").fill("x")
    page.get_by_role("button", name="Send request").click()
    expect(page.locator("#flow-choice")).to_contain_text("Choose who approves.")
    looks.at(page, "nobody chosen")
    expect(page.get_by_label("Search by name")).to_be_focused()

    fault(world, "http_500_before", operation="forecast")
    window.go(FORM)
    expect(page.get_by_role("button", name="Ask DingTalk again")).to_be_visible()
    looks.at(page, "DingTalk does not tell the flow")
    page.get_by_role("button", name="Ask DingTalk again").click()
    expect(page.locator("#flow-choice")).to_be_visible()

    page.get_by_label("Why do you need it?").fill("x")
    number = send(page)
    design(world, listed, SUPERVISOR)
    world.work_until(lambda: state_of(number) == "needs_choice")
    expect(page.locator("#choose-again form")).to_be_visible()
    looks.at(page, "another choice is asked for")
    page.get_by_role("button", name="Start the approval").click()
    expect(page.locator("#choose-again").get_by_role("radio").first).to_be_focused()
    looks.at(page, "no other choice was made")
    assert not looks.faults, "\n".join(looks.faults)
