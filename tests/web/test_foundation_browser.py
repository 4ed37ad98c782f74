"""The look and portal.js in a real browser: themes, small screens, dialogs, focus, copying and lost connections."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from werkzeug.serving import make_server

from tests.web.gallery import create_gallery

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[1] / "browser" / "vendor" / "axe.min.js").read_text(encoding="utf-8")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
STATUSES = {"/boom": 500}
VIEWPORTS = [pytest.param(1280, id="1280px"), pytest.param(390, id="390px")]


@pytest.fixture(scope="module")
def gallery_url() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_gallery(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, gallery_url: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=gallery_url)
    context.set_default_timeout(60_000)
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


def axe_findings(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")["violations"]
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found]


def open_dialog(page: Page) -> None:
    page.goto("/")
    page.click("#open-template")
    expect(page.locator("dialog[open] #template")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("address", "width"),
    [("/", 1280), ("/", 390), ("/request", 390), ("/template", 1280), ("/sign-in", 390), ("/boom", 1280)],
)
def test_axe_finds_nothing_on_any_component(page: Page, scheme: str, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == STATUSES.get(address, 200)
    assert page.get_attribute("html", "data-bs-theme") == scheme
    assert axe_findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", VIEWPORTS)
def test_axe_finds_nothing_in_an_open_dialog_with_errors(page: Page, scheme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    open_dialog(page)
    page.click("dialog >> text=Confirm")
    expect(page.locator("dialog .field-error")).to_be_visible()
    assert axe_findings(page) == []


@pytest.mark.parametrize("address", ["/", "/request", "/sign-in", "/boom"])
def test_nothing_needs_sideways_scrolling_at_360_pixels(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_dialog_opens_on_its_first_field_and_gives_the_focus_back(page: Page) -> None:
    open_dialog(page)
    expect(page.locator("dialog #name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#open-template")).to_be_focused()
    assert page.locator("#dialog-content").inner_html() == ""


def test_cancel_closes_the_dialog_without_leaving_the_page(page: Page) -> None:
    open_dialog(page)
    page.click("dialog >> text=Cancel")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert page.url.endswith("/")


def test_the_announced_event_closes_the_dialog_and_refreshes_the_section(page: Page) -> None:
    open_dialog(page)
    page.fill("dialog #name", "权限申请")
    page.click("dialog >> text=Confirm")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#association")).to_have_text("Template: 权限申请")
    expect(page.locator("#open-template")).to_be_focused()
    page.click("#open-template")
    expect(page.locator("dialog[open] #name")).to_have_value("")


def test_an_invalid_form_is_drawn_again_in_place_with_the_focus_on_its_first_error(page: Page) -> None:
    page.goto("/request")
    page.fill("#reason", "y" * 20)
    page.click("text=Send request")
    expect(page.locator("#dashboard")).to_be_focused()
    expect(page.locator("#dashboard")).to_have_attribute("aria-describedby", "dashboard-hint dashboard-error")
    expect(page.locator("#reason")).to_have_value("y" * 20)
    expect(page.locator("[data-busy]")).to_have_count(0)


def test_a_domain_problem_is_shown_inside_the_open_dialog_and_goes_when_solved(page: Page) -> None:
    open_dialog(page)
    page.fill("dialog #name", "taken")
    page.click("dialog >> text=Confirm")
    expect(page.locator("dialog #problem")).to_contain_text("This has changed in the meantime")
    expect(page.locator("dialog #problem")).to_be_focused()
    expect(page.locator("dialog #name")).to_have_value("taken")
    page.fill("dialog #name", "")
    page.click("dialog >> text=Confirm")
    expect(page.locator("dialog #problem")).to_have_count(0)


def test_a_fault_of_ours_is_shown_with_its_reference_and_keeps_what_was_typed(page: Page) -> None:
    page.goto("/")
    page.fill("#dashboard", "Quarterly revenue")
    page.click("#break-it")
    expect(page.locator("#problems")).to_contain_text("Something went wrong on our side")
    expect(page.locator("#problems code")).to_have_text(re.compile("^[0-9a-f]{12}$"))
    expect(page.locator("#dashboard")).to_have_value("Quarterly revenue")
    assert "hunter2" not in page.content()


def test_a_lost_connection_offers_to_try_again_and_keeps_what_was_typed(page: Page) -> None:
    page.goto("/request")
    page.fill("#dashboard", "Quarterly revenue")
    page.route("**/request", lambda route: route.abort())
    page.click("text=Send request")
    expect(page.locator("#problems")).to_contain_text("We could not reach the portal")
    expect(page.locator("#dashboard")).to_have_value("Quarterly revenue")
    page.unroute("**/request")
    page.click("[data-retry]")
    expect(page.locator("#problems .notice")).to_have_count(0)
    expect(page.locator("#days .field-error")).to_be_visible()


def test_somebody_elses_error_page_is_never_swapped_in(page: Page) -> None:
    page.goto("/request")
    page.route("**/request", lambda route: route.fulfill(status=502, body="<h1>nginx</h1>"))
    page.click("text=Send request")
    expect(page.locator("#problems")).to_contain_text("We could not reach the portal")
    assert "nginx" not in page.content()


def test_a_second_press_while_the_first_runs_sends_nothing(page: Page) -> None:
    sent: list[str] = []

    def answer_late(route: Route) -> None:
        sent.append(route.request.method)
        page.wait_for_timeout(300)
        route.continue_()

    page.goto("/request")
    page.route("**/request", answer_late)
    page.evaluate("for (const _ of [1, 2, 3]) document.querySelector('#request .btn-primary').click()")
    expect(page.locator(".error-summary")).to_be_visible()
    assert sent == ["POST"]


def test_copying_is_said_to_screen_readers(context: BrowserContext, page: Page) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/")
    page.click("[data-copy='#callback-url']")
    expect(page.locator("#announcer")).to_have_text("Copied")
    expect(page.locator("[data-copy='#callback-url']")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "https://bi.example.com/callbacks/dingtalk"
    expect(page.locator("[data-copy='#callback-url'] [data-copy-label]")).to_have_text("Copy", timeout=4000)


def test_the_theme_changes_at_once_and_is_kept_by_the_server(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/request")
    page.fill("#dashboard", "still here")
    with page.expect_response("**/preferences/theme"):
        page.click("button[value=dark]")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("#dashboard")).to_have_value("still here")
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    expect(page.locator("button[value=dark]")).to_have_attribute("aria-pressed", "true")


def test_the_system_theme_is_followed_while_the_page_is_open(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_skip_link_is_first_and_leads_to_the_content(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_everything_works_without_javascript(browser: Browser, gallery_url: str) -> None:
    context = browser.new_context(base_url=gallery_url, java_script_enabled=False)
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto("/")
    page.click("#open-template")
    page.fill("#name", "")
    page.click("text=Confirm")
    expect(page.locator(".field-error")).to_contain_text("Enter a name.")
    page.click("button[value=dark]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.click("text=简体中文")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    assert page.url.endswith("/template")
    context.close()
