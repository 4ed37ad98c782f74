"""The console in a real browser: both themes, small screens, accessible, live, and nothing against the policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_httpserver import HTTPServer

from portal.sandbox.settings import OwnerKeyKind

from .caller import Caller
from .receiver import AES_KEY, TOKEN

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[1] / "browser" / "vendor" / "axe.min.js").read_text(encoding="utf-8")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SIGN_IN = "/oauth2/auth?response_type=code&scope=openid%20corpid&prompt=consent"
PATHS = (
    "/",
    "/oa",
    "/console",
    "/console/events",
    "/console/deliveries",
    "/console/people",
    "/console/behaviour",
    "/console/templates",
    "/control",
    "/nothing-here",
)


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


def complaints_of(page: Page) -> list[str]:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if "Security Policy" in message.text else None,
    )
    return complaints


def findings(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")["violations"]
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found]


def a_lively_sandbox(caller: Caller) -> list[str]:
    """One of everything a page can show; returns the pages' paths."""
    subscription = {"url": "http://127.0.0.1:9/", "aes_key": AES_KEY, "token": TOKEN}
    caller.control("PUT", "subscription", subscription)
    code = caller.make_template(name="数据权限申请 Access")
    caller.control("PATCH", f"templates/{code}", {"allows_countersigning": True})
    pending, decided = caller.start(code), caller.start(code)
    caller.act(decided, person="chen", action="agree", remark="好的")
    nodes = [
        {"rule": "selected_by_initiator", "range": ["chen"]},
        {"rule": "specified_members", "people": ["kate"]},
        {"rule": "role", "roles": [200649095], "when": {"Level": ["edit"]}, "if_nobody": "admin"},
    ]
    caller.control("PUT", f"templates/{code}/flow", {"nodes": nodes})
    caller.control("POST", "faults", {"fault": "wrong_key", "part": "token"})
    caller.control("PUT", "settings", {"owner_key_kind": OwnerKeyKind.CORP_ID})
    sign_in = f"{SIGN_IN}&client_id={caller.config.app_key}&redirect_uri=http://127.0.0.1:8000/"
    instances = [f"/oa/instances/{each}" for each in (pending, decided)]
    designer = f"/console/templates/{code}"
    return [*PATHS, sign_in, SIGN_IN, *instances, designer, f"{designer}/form"]


@pytest.mark.parametrize(
    ("theme", "width", "locale"),
    [pytest.param("light", 1280, "en-US", marks=pytest.mark.slow), ("dark", 360, "zh-CN")],
)
def test_every_page_is_accessible_and_fits(
    caller: Caller, browser: Browser, theme: str, width: int, locale: str
) -> None:
    paths = a_lively_sandbox(caller)
    context = browser.new_context(
        base_url=caller.url,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if theme == "dark" else "light",
        locale=locale,
    )
    page = context.new_page()
    complaints = complaints_of(page)
    page.goto("/oa")
    page.get_by_role("button", name="Chen Wei").click()
    for path in paths:
        page.goto(path)
        assert page.locator("html").get_attribute("data-bs-theme") == theme
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
        assert findings(page) == [], path
    assert complaints == []
    context.close()


def test_a_request_shows_up_in_an_open_inbox_and_its_end_on_an_open_page(
    caller: Caller, browser: Browser
) -> None:
    code = caller.make_template()
    context = browser.new_context(base_url=caller.url)
    page = context.new_page()
    complaints = complaints_of(page)
    page.goto("/oa")
    page.get_by_role("button", name="Chen Wei").click()
    instance = caller.start(code)
    # The inbox draws itself anew every two seconds: a click may hit what is just being replaced.
    page.goto(page.get_by_role("link", name="Bob Li 李博提交的Access").get_attribute("href") or "")
    expect(page.locator("#progress")).to_contain_text("is asked to decide")
    page.get_by_label("Remark").fill("looks right")
    caller.act(instance, person="bob", action="comment", remark="hello")
    expect(page.locator("#progress")).to_contain_text("hello")
    expect(page.get_by_label("Remark")).to_have_value("looks right")
    page.get_by_role("button", name="Agree").click()
    expect(page.locator("#progress")).to_contain_text("Agreed")
    assert complaints == []
    context.close()


def test_without_javascript_a_click_signs_in_and_another_agrees(
    caller: Caller, browser: Browser, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/back").respond_with_data("the portal")
    instance = caller.start(caller.make_template())
    context = browser.new_context(base_url=caller.url, java_script_enabled=False)
    page = context.new_page()
    back = quote(httpserver.url_for("/back").replace("localhost", "127.0.0.1"))
    page.goto(f"{SIGN_IN}&client_id={caller.config.app_key}&state=s&redirect_uri={back}")
    page.get_by_role("button", name="Chen Wei").click()
    expect(page.locator("body")).to_have_text("the portal")
    assert "authCode=" in page.url
    assert page.url.endswith("&state=s")
    page.goto(f"{caller.url}/oa/instances/{instance}")
    page.get_by_role("button", name="Chen Wei").click()
    page.get_by_role("button", name="Agree").click()
    expect(page.locator("#progress")).to_contain_text("Agreed")
    context.close()
