"""axe-core finds nothing in any state of a page or dialog, in both themes; nothing is cut off at 360 pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from portal.database import transaction
from portal.extensions import db
from portal.models import DingTalkApp, Trial
from portal.services.sign_in import ATTEMPTS_BEFORE_LOCK
from tests.browser.conftest import NewPage
from tests.browser.looking import SMALL, Looks
from tests.browser.portal_window import (
    LOCAL_ADMIN,
    PASSWORD,
    SETTINGS,
    PortalWindow,
    add_local_admin,
    let_a_worker_run,
)
from tests.browser.requests_in_every_state import REQUESTS
from tests.browser.steps import CHEN
from tests.portal_world import World
from tests.services.story import set_up, started
from tests.web.approval_settings.admin_browser import make_template, our_labels

pytestmark = pytest.mark.browser

TEMPLATE, NEW_TEST = f"{SETTINGS}/template", f"{SETTINGS}/trials/new"
SALES = "/requests/new?resource_type=dashboard&resource_id=sales-overview"
WITHOUT_OWNER = "/requests/new?resource_type=dataset&resource_id=web-traffic"
TOO_LARGE = "x" * 3_000_000


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    let_a_worker_run(shared_world)
    return shared_world


@pytest.fixture
def looks() -> Iterator[Looks]:
    """Look at every stop of a walk; what is wrong is told at its end, all together."""
    looks = Looks()
    yield looks
    assert looks.stops
    assert not looks.faults, "\n".join(looks.faults)


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page(reduced_motion="reduce")


@pytest.mark.slow
def test_signing_in_and_the_first_hour(world: World, page: Page, looks: Looks) -> None:
    window = PortalWindow(page, world)
    window.go("/sign-in")
    looks.at(page, "sign-in with DingTalk only")
    window.go("/sign-in/dingtalk/return?state=stale&authCode=x")
    looks.at(page, "sign-in that has expired")
    add_local_admin(world)
    with world.app.app_context(), transaction() as session:
        session.execute(delete(DingTalkApp))
    window.go("/sign-in")
    looks.at(page, "sign-in before DingTalk is connected")
    window.press("Sign in")
    expect(page.locator(".field-error")).to_have_count(2)
    looks.at(page, "sign-in without name and password")
    sign_in_locally(page, LOCAL_ADMIN, PASSWORD)
    window.go(SETTINGS)
    expect(page.locator("#next-step")).to_contain_text("Connect the DingTalk app")
    looks.at(page, "settings, nothing connected")
    window.press("Save", within="#dingtalk-app form")
    expect(page.locator("#dingtalk-app .error-summary")).to_be_visible()
    looks.at(page, "app with errors")
    for name in ("Encryption aes_key", "Signature token"):
        page.get_by_role("button", name=f"Generate {name}").click()
        expect(page.get_by_role("button", name=f"Copy {name}")).to_be_visible()
    looks.at(page, "generated keys")
    looks.at(page, "generated keys", width=SMALL)
    for path in (TEMPLATE, f"{TEMPLATE}?source=custom", NEW_TEST, "/requests/new"):
        window.go(path)
        looks.at(page, f"{path}, nothing connected")
    page.context.clear_cookies()
    for _ in range(ATTEMPTS_BEFORE_LOCK + 1):
        window.go("/sign-in")
        sign_in_locally(page, LOCAL_ADMIN, "wrong")
    expect(page.locator(".field-error")).to_be_visible()
    looks.at(page, "sign-in after too many attempts")


@pytest.mark.slow
def test_the_settings_at_every_stage(world: World, page: Page, looks: Looks) -> None:
    window = PortalWindow(page, world, "alice")
    next_step = page.locator("#next-step")
    window.go("/requests")
    looks.at(page, "requests before the setup is finished")
    window.go(SETTINGS)
    looks.at(page, "next step: enable")
    window.press("Switch it on")
    expect(next_step).to_contain_text("Associate an approval template")
    looks.at(page, "next step: associate")
    window.press("Check connection")
    expect(page.locator("#dingtalk-app")).to_contain_text("DingTalk accepted the app's credentials")
    looks.at(page, "connection works")
    page.locator("#change-app").click()
    page.get_by_label("App secret").fill("mistyped-secret-000000")
    window.press("Save", within="#dingtalk-app details")
    expect(page.locator("#dingtalk-app")).to_contain_text("Saved")
    looks.at(page, "app saved")
    window.press("Check connection")
    expect(page.locator("#dingtalk-app .notice-danger")).to_be_visible()
    looks.at(page, "connection does not work")


def test_the_fallback_approver(world: World, page: Page, looks: Looks) -> None:
    window = PortalWindow(page, world, "alice")
    section = page.locator("#fallback-approver")
    window.go(SETTINGS)
    section.locator("summary").click()
    looks.at(page, "choosing the fallback approver")
    window.press("Save", within="#fallback-approver")
    expect(section.locator(".field-error")).to_be_visible()
    looks.at(page, "nobody chosen")
    section.get_by_role("searchbox").fill("nobody at all")
    expect(section).to_contain_text("Nobody active is called")
    looks.at(page, "nobody found")
    section.get_by_role("searchbox").fill("Wei")
    section.get_by_role("radio", name=CHEN).check()
    looks.at(page, "people found")
    window.press("Save", within="#fallback-approver")
    expect(section.locator("strong")).to_have_text(CHEN)
    looks.at(page, "fallback approver saved")


@pytest.mark.slow
def test_the_dialog_of_the_official_template(world: World, page: Page, looks: Looks) -> None:
    window = PortalWindow(page, world, "alice")
    dialog = page.locator("dialog[open]")
    window.go(SETTINGS)
    page.get_by_label("DingTalk Channel Approval").check()
    expect(dialog).to_be_visible()
    looks.at(page, "official template")
    page.get_by_label("Name of the template").fill("")
    window.press("One-click Generation", within="dialog")
    expect(dialog.locator(".field-error")).to_be_visible()
    looks.at(page, "official template without a name")
    world.control("PUT", "/permissions", {"Workflow.Form.Write": False})
    page.get_by_label("Name of the template").fill("Quick BI Permission Request")
    window.press("One-click Generation", within="dialog")
    expect(dialog).to_contain_text("lacks a permission")
    looks.at(page, "generation without permission")
    looks.at(page, "generation without permission", width=SMALL)
    world.control("PUT", "/permissions", {"Workflow.Form.Write": True})
    make_template(world, name="Quick BI Permission Request", labels=["Other"])
    window.press("One-click Generation", within="dialog")
    expect(dialog.get_by_role("button", name="Quick BI Approval")).to_be_visible()
    looks.at(page, "name taken")
    dialog.get_by_role("button", name="Quick BI Approval").click()
    expect(dialog).to_contain_text("The template is ready in DingTalk")
    looks.at(page, "template generated")
    window.press("Confirm", within="dialog")
    expect(dialog).to_have_count(0)
    expect(page.locator("#next-step")).to_contain_text("Test")
    looks.at(page, "template associated")
    page.locator("#associate-template").click()
    page.get_by_label("Language of the form").select_option("zh")
    window.press("One-click Generation", within="dialog")
    expect(dialog).to_contain_text("Fields to add")
    looks.at(page, "form differs")


@pytest.mark.slow
def test_the_dialog_of_a_custom_template(world: World, page: Page, looks: Looks) -> None:
    window = PortalWindow(page, world, "alice")
    dialog = page.locator("dialog[open]")
    window.go(SETTINGS)
    page.locator("#associate-template").click()
    page.get_by_label("Custom").check()
    expect(dialog).to_contain_text("You manage no template in DingTalk")
    looks.at(page, "no template to choose")
    make_template(world, name="Matching", labels=our_labels())
    make_template(world, name="Short", labels=["Request number"])
    make_template(world, name="Strict", labels=["Reason"], required="Cost centre")
    designed = make_template(world, name="Designed", labels=our_labels())
    node = {"name": "Finance", "rule": "specified_members", "people": ["kate"]}
    world.control("PUT", f"/templates/{designed}/flow", {"nodes": [node]})
    page.get_by_label("Official").check()
    expect(dialog).to_contain_text("Name of the template")
    page.get_by_label("Custom").check()
    for name in ("Short", "Strict", "Matching", "Designed"):
        if name != "Short":
            dialog.get_by_role("link", name="Choose another template").click()
        dialog.locator("#template-choices").get_by_role("link", name=name).click()
        expect(dialog.get_by_role("heading", level=2)).to_contain_text(f"“{name}”")
        looks.at(page, f"custom template, {name}")
        looks.at(page, f"custom template, {name}", width=SMALL)
    window.press("Confirm", within="dialog")
    expect(dialog.locator(".notice").first).to_contain_text("Kate Xu")
    looks.at(page, "custom template without consent")
    page.get_by_label("I accept that they are not asked.").check()
    window.press("Confirm", within="dialog")
    expect(page.locator("#approval-template")).to_contain_text("accepted that people")
    looks.at(page, "custom template associated")
    world.control("PUT", "/permissions", {"Workflow.Form.Read": False})
    page.locator("#associate-template").click()
    expect(dialog.locator(".notice-danger")).to_be_visible()
    looks.at(page, "custom templates without permission")


@pytest.mark.slow
def test_the_dialog_of_a_test_that_works(world: World, page: Page, looks: Looks) -> None:
    set_up(world)
    window = PortalWindow(page, world, "alice")
    dialog = page.locator("dialog[open]")
    window.go(SETTINGS)
    page.locator("#start-test").click()
    looks.at(page, "Test, choosing the approver")
    window.press("Test", within="dialog")
    expect(dialog.locator(".field-error")).to_be_visible()
    looks.at(page, "Test without approver")
    press_test(page)
    expect(dialog.locator("#trial")).to_be_visible()
    looks.at(page, "Test running")
    world.work_until(lambda: newest_test().start_event_at is not None)
    expect(dialog).to_contain_text("It works")
    looks.at(page, "Test green")
    looks.at(page, "Test green", width=SMALL)
    world.let_pass(seconds=20)
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    world.work_until(lambda: newest_test().approval.state == "withdrawn")
    expect(dialog).to_contain_text(re.compile("Test approval withdrawn"))
    looks.at(page, "Test over")
    dialog.get_by_role("link", name="Close", exact=True).last.click()
    expect(page.locator("#next-step")).to_contain_text("Approval works")
    looks.at(page, "settings, everything done")
    looks.at(page, "settings, everything done", width=SMALL)


@pytest.mark.slow
def test_the_dialog_of_a_test_that_fails(world: World, page: Page, looks: Looks) -> None:
    set_up(world)
    window = PortalWindow(page, world, "alice")
    dialog = page.locator("dialog[open]")
    world.control("PUT", "/permissions", {"Workflow.Instance.Write": False})
    window.go(SETTINGS)
    page.locator("#start-test").click()
    press_test(page)
    world.work_until(lambda: newest_test().approval.state == "could_not_start")
    expect(dialog).to_contain_text("lacks a permission")
    looks.at(page, "Test without permission")
    world.control("PUT", "/permissions", {"Workflow.Instance.Write": True})
    world.subscribe(token="anotherToken01")
    dialog.get_by_role("link", name="Test again").click()
    press_test(page)
    world.work_until(lambda: newest_test().approval.state == "pending")
    world.work_until(lambda: bool(world.services.callback_diagnosis.health().refusals))
    world.let_pass(seconds=31)
    expect(dialog).to_contain_text("The signature token differs")
    looks.at(page, "Test without event, and without worker")
    let_a_worker_run(world)
    window.go(SETTINGS)
    expect(page.locator("#next-step")).to_contain_text("Receive the start event")
    looks.at(page, "next step: the event, refused callbacks")
    looks.at(page, "refused callbacks", width=SMALL)


def test_asking_and_following(world: World, page: Page, looks: Looks) -> None:
    set_up(world)
    window = PortalWindow(page, world, "bob")
    window.go("/requests")
    looks.at(page, "no requests")
    window.go("/requests/new")
    looks.at(page, "catalogue")
    window.go(SALES)
    window.press("Send request")
    expect(page.locator(".error-summary")).to_be_visible()
    looks.at(page, "request with errors")
    looks.at(page, "request with errors", width=SMALL)
    window.go(WITHOUT_OWNER)
    looks.at(page, "nobody decides")
    for make in REQUESTS:
        window.go(f"/requests/{make(world)}")
        looks.at(page, make.__name__)
    for path in ("/requests?q=sales&state=open", "/requests?q=zzz"):
        window.go(path)
        looks.at(page, path)
    PortalWindow(page, world, "chen").go("/requests/to-decide")
    looks.at(page, "requests to decide about")
    PortalWindow(page, world, "alice").go("/requests/all")
    looks.at(page, "all requests")
    looks.at(page, "all requests", width=SMALL)


def test_pages_that_say_what_went_wrong(world: World, page: Page, looks: Looks) -> None:
    window = PortalWindow(page, world, "bob")
    for status, path in ((404, "/nothing-here"), (403, SETTINGS), (405, "/preferences/theme")):
        assert window.go(path) == status
        looks.at(page, f"error {status}")
    window.go("/requests/new")
    assert window.send("/preferences/language", language="zh") == 400
    looks.at(page, "form without its token")
    alice = PortalWindow(page, world, "alice")
    alice.go(SETTINGS)
    token = alice.csrf_token()
    assert alice.send(f"{SETTINGS}/switches", csrf_token=token, version="tampered") == 422
    looks.at(page, "error 422")
    alice.go(SETTINGS)
    assert alice.send("/requests", csrf_token=token, reason=TOO_LARGE) == 413
    looks.at(page, "error 413")


def test_every_page_in_chinese(world: World, page: Page, looks: Looks) -> None:
    set_up(world)
    number, _ = started(world)
    window = PortalWindow(page, world, "alice")
    window.set_cookie("portal_language", "zh")
    for path in (
        SETTINGS,
        TEMPLATE,
        f"{TEMPLATE}?source=custom",
        f"{NEW_TEST}?q=Wei",
        "/requests/new",
        SALES,
        f"/requests/{number}",
        "/requests",
        "/requests/all?q=zz",
        "/nothing-here",
    ):
        window.go(path)
        assert page.get_attribute("html", "lang") == "zh-Hans"
        looks.at(page, f"{path} in Chinese")
    page.context.clear_cookies(name="portal_session")
    window.go("/sign-in")
    looks.at(page, "sign-in in Chinese")


def sign_in_locally(page: Page, name: str, password: str) -> None:
    if page.locator("#username").is_hidden():
        page.locator("summary").click()
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def press_test(page: Page) -> None:
    """Choose Chen, unless somebody is remembered, and start the Test."""
    form = page.locator("dialog #trial-form")
    if not form.get_by_role("radio", name=CHEN).count():
        page.locator("#approver-search").fill("Wei")
    form.get_by_role("radio", name=CHEN).check()
    form.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator("dialog #trial")).to_be_visible()


def newest_test() -> Trial:
    return db.session.scalars(select(Trial).order_by(Trial.id.desc()).limit(1)).one()
