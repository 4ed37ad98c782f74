"""A template of the organisation's own is found, mapped, looked at before it is confirmed, and works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from portal.extensions import db
from portal.models import Trial
from tests.browser.conftest import NewPage
from tests.browser.looking import SMALL, Looks
from tests.browser.portal_window import SETTINGS, PortalWindow, let_a_worker_run
from tests.browser.steps import CHEN
from tests.portal_world import World
from tests.services.story import instances, set_up
from tests.services.test_custom_template import make

pytestmark = pytest.mark.browser

FIELDS = (
    ("TextField", "Ticket", True),
    ("DDSelectField", "Access", True),
    ("DDDateField", "End", False),
    ("TextareaField", "Reason", True),
    ("DDAttachment", "Papers", False),
)
OPTIONS = ("Read only", "Export", "Edit", "Submit", "Manage own", "Manage", "Unmask")
CHOOSE_AND_CONFIRM = """() => {
  const field = document.getElementById("field-validity");
  for (const chosen of ["", "End"]) {
    field.value = chosen;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  field.form.querySelector(".btn-primary").click();
}"""


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    made.subscribe()
    let_a_worker_run(made)
    yield made
    made.close()


@pytest.fixture
def looks() -> Iterator[Looks]:
    looks = Looks()
    yield looks
    assert not looks.faults, "\n".join(looks.faults)


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page(reduced_motion="reduce")


def test_a_template_is_found_mapped_previewed_confirmed_and_tested(
    world: World, page: Page, looks: Looks
) -> None:
    make(world, *FIELDS, name="Data access 数据权限", options=OPTIONS)
    make(world, ("TextField", "Reason", True), name="Leave")
    window = PortalWindow(page, world, "alice")
    dialog = page.locator("dialog[open]")
    window.go(SETTINGS)
    page.locator("#associate-template").click()
    page.get_by_label("Custom").check()
    choices = dialog.locator("#template-choices a")
    expect(choices).to_have_count(2)
    looks.at(page, "choosing a template")
    dialog.get_by_role("searchbox").fill("数据")
    expect(choices).to_have_count(1)
    choices.click()
    expect(dialog.get_by_role("heading", name="How “Data access 数据权限” fits")).to_be_focused()

    field = {name: dialog.locator(f"#field-{name}") for name in ("number", "level", "validity", "reason")}
    expect(field["reason"]).to_have_value("Reason")
    expect(field["number"]).to_have_value("")
    expect(dialog).to_contain_text("The request number is missing")
    looks.at(page, "a template that does not fit yet")
    looks.at(page, "a template that does not fit yet", width=SMALL)
    field["number"].focus()
    field["number"].select_option("Reason")
    expect(dialog).to_contain_text("“Reason” is chosen for several values.")
    expect(field["number"]).to_be_focused()
    window.press("Confirm", within="dialog")
    expect(dialog).to_contain_text("Nothing was saved.")
    expect(field["number"]).to_be_focused()
    looks.at(page, "a mapping with faults")

    field["number"].select_option("Ticket")
    expect(dialog).not_to_contain_text("is chosen for several values")
    field["level"].select_option("Access")
    edit, use = dialog.locator("#option-level-edit"), dialog.locator("#option-level-use")
    expect(edit).to_have_value("Edit")
    expect(dialog).to_contain_text("Choose the option of “Access” that says “Use”.")
    looks.at(page, "options to choose")
    looks.at(page, "options to choose", width=SMALL)
    use.select_option("Read only")
    field["validity"].select_option("End")
    preview = dialog.locator("#mapping-preview tbody tr")
    expect(preview.filter(has_text="Access")).to_contain_text("Read only")
    expect(preview.filter(has_text="Ticket")).to_contain_text("-000123")
    expect(preview.filter(has_text="End")).to_contain_text("Date")
    expect(preview.filter(has_text="Papers")).to_contain_text("stays empty")
    expect(dialog.locator(".field-error")).to_have_count(0)
    looks.at(page, "a template that fits")
    # Faster than any answer: what is confirmed is what was chosen last.
    page.evaluate(CHOOSE_AND_CONFIRM)
    expect(dialog).to_have_count(0)
    expect(page.locator("#approval-template")).to_contain_text("Data access 数据权限")

    page.locator("#start-test").click()
    page.locator("#approver-search").fill("Wei")
    dialog.get_by_role("radio", name=CHEN).check()
    dialog.locator("#trial-form").get_by_role("button", name="Test", exact=True).click()
    expect(dialog.locator("#trial")).to_be_visible()
    world.work_until(lambda: newest_test().approval.state == "pending")
    (instance,) = instances(world)
    assert instance["values"] == {
        "Ticket": world.look(lambda: newest_test().number),
        "Access": "Read only",
        "End": world.look(lambda: newest_test().started_at).date().isoformat(),
        "Reason": "TEST, no access is granted",
    }


def test_a_template_of_ours_gets_its_number_back_and_a_changed_flow_is_told(
    world: World, page: Page, looks: Looks
) -> None:
    set_up(world)
    code = str(world.look(lambda: world.services.approval_settings.current().template.process_code))
    reason = {"componentType": "TextareaField", "props": {"componentId": "why", "label": "Reason"}}
    world.control("PUT", f"/templates/{code}/form", {"components": [reason]})
    world.control(
        "PUT", f"/templates/{code}/flow", {"nodes": [{"name": "Boss", "rule": "direct_supervisor"}]}
    )
    world.control("PUT", "/settings", {"update_resets_flow": True})
    window = PortalWindow(page, world, "alice")
    window.go(f"{SETTINGS}/template?source=custom")
    expect(page.locator("#template-choices")).to_contain_text("In use")
    page.locator("#template-choices a").click()
    main = page.locator("main")
    expect(main).to_contain_text("The portal can add what is missing")
    looks.at(page, "fields of ours that are missing")
    window.press("Add these fields")
    expect(main).to_contain_text("The fields were added")
    expect(main).to_contain_text("The flow has changed")
    expect(main).to_contain_text("Boss")
    expect(page.locator("#field-number")).to_have_value("Request number")
    expect(page.locator(".field-error")).to_have_count(0)
    looks.at(page, "fields of ours added")
    looks.at(page, "fields of ours added", width=SMALL)


def test_without_scripts_the_same_is_done_with_buttons(world: World, new_page: NewPage) -> None:
    make(world, *FIELDS, name="Data access", options=OPTIONS)
    page = new_page(java_script_enabled=False)
    window = PortalWindow(page, world, "alice")
    window.go(f"{SETTINGS}/template?source=custom")
    page.get_by_role("searchbox").fill("data")
    page.get_by_role("button", name="Find").click()
    page.locator("#template-choices a").click()
    page.locator("#field-number").select_option("Ticket")
    page.locator("#field-level").select_option("Access")
    page.get_by_role("button", name="Check and preview").click()
    expect(page.locator("#option-level-view")).to_have_value("Read only")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".field-error")).to_contain_text("that says “Use”")
    page.locator("#option-level-use").select_option("Edit")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#approval-template")).to_contain_text("Data access")


def newest_test() -> Trial:
    return db.session.scalars(select(Trial).order_by(Trial.id.desc()).limit(1)).one()
