"""The requester's area in a real browser: live without stealing the focus, usable without JavaScript, accessible."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import select

from portal.extensions import db
from portal.models import Grant
from tests.portal_world import World, csrf_token
from tests.services.story import approval_of
from tests.web.access_requests.asking import ask

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[2] / "browser" / "vendor" / "axe.min.js").read_text(encoding="utf-8")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
FORM = "/requests/new?resource_type=dashboard&resource_id=sales-overview"
NOBODY = "/requests/new?resource_type=dataset&resource_id=web-traffic"
ADDRESSES = ["/requests", "/requests/new", "/requests/new?q=zzz", FORM, NOBODY, "status"]


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, ready: World) -> Iterator[BrowserContext]:
    context = signed_in(browser, ready)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test on a script error or a violation of the content security policy."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if "Security Policy" in message.text else None,
    )
    yield page
    assert complaints == []


def signed_in(browser: Browser, world: World, *, has_javascript: bool = True) -> BrowserContext:
    """Return Bob's browser."""
    context = browser.new_context(base_url=world.portal_url, java_script_enabled=has_javascript)
    context.set_default_timeout(90_000)
    cookie = world.client("bob").get_cookie("portal_session")
    assert cookie
    context.add_cookies([{"name": "portal_session", "value": cookie.value, "url": world.portal_url}])
    return context


def started(world: World) -> str:
    """Ask as Bob, start it in DingTalk and return the number."""
    number = ask(world.client("bob"))
    world.work_until(lambda: approval_of(number).state == "pending")
    return number


def mean_it(page: Page) -> None:
    """Ask although another test of this world has asked for it, where one has."""
    again = page.get_by_label("Ask again although it waits")
    if again.count():
        again.check()


def agree(world: World, number: str) -> None:
    world.act(world.look(lambda: approval_of(number).instance_id), "chen", "agree", "同意")
    world.work_until(lambda: approval_of(number).state == "approved")


def give_by_hand(world: World, number: str) -> None:
    """Let the worker ask Chen for the access that was approved, and Chen say that it is given."""

    def grant() -> Grant:
        return db.session.scalars(select(Grant).filter_by(request_id=approval_of(number).request_id)).one()

    world.work_until(lambda: grant().task_at is not None)
    chen = world.client("chen")
    token = csrf_token(chen.get("/access/tasks").text)
    address = f"/access/tasks/{world.look(lambda: grant().id)}"
    assert chen.post(f"{address}/confirmation", data={"csrf_token": token}).status_code == 303
    world.work_until(lambda: grant().state == "active")


def test_an_open_page_shows_the_outcome_by_itself_and_then_stops_asking(page: Page, ready: World) -> None:
    number = started(ready)
    page.goto(f"/requests/{number}")
    expect(page.locator("#status")).to_contain_text("Waiting for Chen Wei")
    page.evaluate("window.notReloaded = true")
    agree(ready, number)
    expect(page.locator("#announcer")).to_contain_text("Approved")
    give_by_hand(ready, number)
    expect(page.locator("#status")).to_contain_text("Access works")
    assert page.evaluate("window.notReloaded") is True
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2_500)
    assert asked == []


def test_polling_leaves_an_open_menu_and_the_focus_alone(page: Page, ready: World) -> None:
    page.goto(f"/requests/{started(ready)}")
    page.click("#withdraw")
    page.focus("#withdraw-now")
    with page.expect_response(re.compile("/status")) as polled:
        pass
    assert polled.value.status == 204
    expect(page.locator("#withdraw-now")).to_be_visible()
    expect(page.locator("#withdraw-now")).to_be_focused()


def test_withdrawing_needs_a_second_press_and_is_seen_at_once(page: Page, ready: World) -> None:
    page.goto(f"/requests/{started(ready)}")
    expect(page.locator("#withdraw-now")).to_be_hidden()
    page.click("#withdraw")
    page.click("#withdraw-now")
    expect(page.locator("#status")).to_contain_text("DingTalk allows it 15 seconds after the start")


def test_the_list_follows_what_is_typed_and_the_focus_stays(page: Page) -> None:
    page.goto("/requests/new")
    page.locator("#query").press_sequentially("sales over")
    expect(page.locator("#catalogue tbody tr")).to_have_count(1)
    expect(page.locator("#query")).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("1 resource")
    expect(page).to_have_url(re.compile(r"q=sales"))


def test_a_search_among_requests_follows_what_is_typed_and_chosen(page: Page, ready: World) -> None:
    number = ask(ready.client("bob"))
    page.goto("/requests")
    page.evaluate("window.notReloaded = true")
    page.locator("#query").press_sequentially(number.lower())
    expect(page.locator("#request-list tbody tr")).to_have_count(1)
    expect(page.locator("#query")).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("1 request")
    expect(page).to_have_url(re.compile(rf"/requests\?q={number.lower()}$"))
    page.select_option("#state", "approved")
    expect(page.locator("#request-list")).to_contain_text("Nothing found")
    expect(page).to_have_url(re.compile(r"state=approved$"))
    assert page.evaluate("window.notReloaded") is True
    page.reload()
    expect(page.locator("#query")).to_have_value(number.lower())
    expect(page.locator("#state")).to_have_value("approved")


def test_a_search_among_requests_works_without_javascript(browser: Browser, ready: World) -> None:
    number = ask(ready.client("bob"))
    context = signed_in(browser, ready, has_javascript=False)
    page = context.new_page()
    page.goto("/requests")
    page.fill("#query", f"{number} sales")
    page.select_option("#state", "open")
    page.click("form[role=search] button")
    expect(page.locator("#request-list tbody tr")).to_have_count(1)
    expect(page.locator("#state")).to_have_value("open")
    context.close()


def test_the_date_is_asked_for_only_when_it_counts(page: Page) -> None:
    page.goto(FORM)
    expect(page.locator("#until")).to_be_hidden()
    page.get_by_label("Until a date").check()
    expect(page.locator("#until")).to_be_visible()


def test_a_wrong_form_is_drawn_again_in_place_with_the_focus_on_its_first_error(page: Page) -> None:
    page.goto(FORM)
    page.get_by_label("Until a date").check()
    page.fill("#until", "2020-01-01")
    page.fill("#reason", "Typed with care")
    page.click("text=Send request")
    expect(page.locator("#until")).to_be_focused()
    expect(page.locator("#until-error")).to_contain_text("in the future")
    expect(page.locator("#reason")).to_have_value("Typed with care")
    page.get_by_label("1 day", exact=True).check()
    mean_it(page)
    page.click("text=Send request")
    expect(page).to_have_url(re.compile(r"/requests/AR-"))


def test_asking_and_following_work_without_javascript(browser: Browser, ready: World) -> None:
    context = signed_in(browser, ready, has_javascript=False)
    page = context.new_page()
    page.goto("/requests/new")
    page.fill("#query", "sales over")
    page.click("form[role=search] button")
    page.click("#catalogue a")
    page.click("text=Send request")
    expect(page.locator("#reason-error")).to_be_visible()
    page.fill("#reason", "No script")
    mean_it(page)
    page.click("text=Send request")
    expect(page.locator("#status")).to_contain_text("Submitted")
    number = page.url.rsplit("/", 1)[1]
    ready.work_until(lambda: approval_of(number).state == "pending")
    agree(ready, number)
    page.click("text=Reload to see the latest")
    expect(page.locator("#status")).to_contain_text("Open this access")
    context.close()


@pytest.mark.parametrize("address", ADDRESSES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page: Page, ready: World, address: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"/requests/{ask(ready.client('bob'))}" if address == "status" else address)
    for closed in page.locator("summary").all():
        closed.click()
    page.evaluate(AXE)
    for scheme, width in itertools.product(("light", "dark"), (1280, 360)):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        found = page.evaluate("axe.run()")["violations"]
        assert [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
