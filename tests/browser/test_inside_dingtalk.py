"""Inside DingTalk's client: signed in without a click, on a phone's screen, with links opened in place.

The client is made up of what its pages see of it: its User-Agent and the native bridge of Android, which the
official JSAPI calls. A real phone has not been asked; docs/decisions say how to try it on one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.looking import SMALL, Looks
from tests.browser.portal_window import PortalWindow
from tests.portal_world import APP_KEY, CORP_ID, World
from tests.services.story import set_up, started
from tests.workflows.processes import wait

pytestmark = pytest.mark.browser

PHONE = {
    "user_agent": "Mozilla/5.0 (Linux; U; Android 14; zh-CN) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/120.0 Mobile Safari/537.36 AliApp(DingTalk/7.6.0) com.alibaba.android.rimet/1 language/en-US",
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "reduced_motion": "reduce",
}
# What the JSAPI looks for on Android: nuva.require() gives the native call.
BRIDGE = """(answers) => {
  window.asked = [];
  const call = (succeed, fail, service, action, args) => {
    window.asked.push({ api: `${service}.${action}`, args: JSON.parse(JSON.stringify(args)) });
    const answer = answers[`${service}.${action}`];
    if (answer === undefined) return;
    if (answer.errorCode) fail(answer);
    else succeed(answer);
  };
  window.nuva = { isReady: true, require: () => call };
}"""
NEW_CODE, OLD_CODE = "runtime.permission.requestAuthCodeV2", "runtime.permission.requestAuthCode"
NOT_SUPPORTED = {"errorCode": "1", "errorMessage": "not implemented"}


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    return shared_world


def code_of(world: World, person: str) -> str:
    return str(world.control("POST", "/sign-in", {"person": person})["authCode"])


def phone(new_page: NewPage, answers: dict[str, object]) -> Page:
    """Open a page in DingTalk's client; ``answers`` by the name of the native call, silent to the others."""
    page = new_page(**PHONE)
    page.add_init_script(f"({BRIDGE})({json.dumps(answers)})")
    return page


def test_a_request_opened_from_a_notice_is_shown_without_a_click(world: World, new_page: NewPage) -> None:
    set_up(world)
    number, _ = started(world)
    page = phone(new_page, {NEW_CODE: {"code": code_of(world, "bob")}, "biz.util.openLink": {}})
    window = PortalWindow(page, world)
    window.go(f"/requests/{number}")
    page.wait_for_url(f"**/requests/{number}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sales overview")
    expect(page.locator("#status")).to_contain_text("waits for")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    link = page.get_by_role("link", name="Open in DingTalk")
    address = link.get_attribute("href")
    before = page.url
    link.click()
    # Playwright's own waiting evaluates words, which the pages' policy forbids.
    wait(lambda: page.evaluate("window.asked.some((each) => each.api === 'biz.util.openLink')"))
    asked = page.evaluate("window.asked.find((each) => each.api === 'biz.util.openLink').args.url")
    assert (asked, page.url, len(page.context.pages)) == (address, before, 1)


def test_an_old_client_is_asked_in_its_own_way(world: World, new_page: NewPage) -> None:
    page = phone(new_page, {NEW_CODE: NOT_SUPPORTED, OLD_CODE: {"code": code_of(world, "bob")}})
    PortalWindow(page, world).go("/requests")
    page.wait_for_url("**/requests")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_the_client_is_asked_for_the_bound_app_and_organisation(world: World, new_page: NewPage) -> None:
    page = phone(new_page, {NEW_CODE: NOT_SUPPORTED, OLD_CODE: NOT_SUPPORTED})
    PortalWindow(page, world).go("/sign-in")
    expect(page.get_by_role("alert")).to_contain_text("DingTalk did not say who you are")
    first, second = page.evaluate("window.asked.filter((each) => each.api.includes('requestAuthCode'))")
    assert (first["args"]["corpId"], first["args"]["clientId"]) == (CORP_ID, APP_KEY)
    assert second["args"]["corpId"] == CORP_ID
    expect(page.get_by_role("link", name="Sign in with DingTalk")).to_be_visible()
    looks = Looks()
    looks.at(page, "sign-in inside DingTalk that was refused", width=SMALL)
    assert not looks.faults


def test_a_client_that_never_answers_leaves_the_ordinary_sign_in(world: World, new_page: NewPage) -> None:
    page = phone(new_page, {})
    page.clock.install()
    PortalWindow(page, world).go("/sign-in")
    expect(page.get_by_text("Signing you in…")).to_be_visible()
    page.clock.fast_forward("00:30")
    expect(page.get_by_role("alert")).to_contain_text("DingTalk did not say who you are")
    expect(page.get_by_role("link", name="Sign in with DingTalk")).to_be_visible()


def test_somebody_who_is_refused_is_told_why_and_not_asked_for_ever(world: World, new_page: NewPage) -> None:
    page = phone(new_page, {NEW_CODE: {"code": code_of(world, "victor")}})
    PortalWindow(page, world).go("/requests")
    expect(page.get_by_text("not external contacts")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with this account")).to_be_visible()
    assert page.evaluate("window.asked.length") == 0


def test_who_signs_out_stays_out_until_they_want_in_again(world: World, new_page: NewPage) -> None:
    page = phone(new_page, {NEW_CODE: {"code": code_of(world, "bob")}})
    PortalWindow(page, world).go("/requests")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    again = code_of(world, "bob")
    page.evaluate(f"""() => {{
      const answer = (succeed) => succeed({{ code: "{again}" }});
      window.WebViewJavascriptBridgeAndroid = answer;
      window.nuva.require = () => answer;
    }}""")
    page.get_by_role("button", name="Sign in with this account").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_the_desktop_client_is_known_by_its_own_bridge_which_stays_in_place(
    world: World, new_page: NewPage
) -> None:
    page = new_page(
        user_agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 DingTalk(7.6.0-Release)"
    )
    page.add_init_script("window.dingtalk = { platform: { invokeAPI: () => {} } }")
    page.clock.install()
    PortalWindow(page, world).go("/sign-in")
    expect(page.get_by_text("Signing you in…")).to_be_visible()
    assert page.evaluate("[dingtalkJsapi.env.platform, typeof dingtalk.platform.invokeAPI]") == [
        "pc",
        "function",
    ]
    page.clock.fast_forward("00:30")
    expect(page.get_by_role("alert")).to_contain_text("DingTalk did not say who you are")
