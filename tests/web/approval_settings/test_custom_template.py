"""Template Source Custom: fields matched by label, people passed over only with consent."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import select

from portal.database import transaction
from portal.models import ApprovalTemplate
from portal.rules.entitlement import Entitlement
from tests.portal_world import World
from tests.web.approval_settings.admin_browser import (
    PAGE,
    AdminBrowser,
    hidden,
    make_template,
    our_labels,
    words,
)

SOURCE = f"{PAGE}/template?source=custom"


def match(browser: AdminBrowser, process_code: str) -> str:
    return browser.get(f"{SOURCE}&process_code={process_code}", has_script=True).text


def test_the_templates_that_the_admin_manages_can_be_chosen(world: World, alice: AdminBrowser) -> None:
    assert "You manage no template in DingTalk" in words(alice.get(SOURCE, has_script=True).text)
    code = make_template(world, name="Data access", labels=our_labels())
    dialog = alice.get(SOURCE, has_script=True).text
    assert f"process_code={code}" in dialog
    assert "Data access Changed" in words(dialog)
    assert "In use" not in words(dialog)


@pytest.mark.parametrize("has_script", [True, False])
def test_templates_are_searched_by_name(world: World, alice: AdminBrowser, has_script: bool) -> None:
    make_template(world, name="Data access 数据", labels=our_labels())
    make_template(world, name="Leave", labels=our_labels())
    alice.get(SOURCE)
    address = f"{PAGE}/template/choices?q=数据" if has_script else f"{SOURCE}&q=数据"
    text = words(alice.get(address, has_script=has_script).text)
    assert "Data access 数据" in text
    assert "Leave" not in text
    nothing = alice.get(address.replace("数据", "travel"), has_script=has_script)
    assert "None of your templates has “travel” in its name." in words(nothing.text)


def test_the_template_in_use_is_marked(world: World, alice: AdminBrowser) -> None:
    code = make_template(world, name="Data access", labels=our_labels())
    dialog = match(alice, code)
    alice.post("/template/association", process_code=code, version=hidden(dialog, "version"))
    assert "In use" in words(alice.get(SOURCE, has_script=True).text)


@pytest.mark.parametrize("has_script", [True, False])
def test_a_template_whose_fields_fit_is_confirmed(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    code = make_template(world, name="Data access", labels=["REQUEST NUMBER:", *our_labels()[1:]])
    dialog = match(alice, code)
    assert '<option value="REQUEST NUMBER:" selected>' in dialog
    form = {"process_code": code, "version": hidden(dialog, "version")}
    answer = alice.post("/template/association", has_script=has_script, **form)
    assert answer.status_code == (204 if has_script else 303)
    text = words(alice.get().text)
    assert "Template Source Custom" in text
    assert "Data access" in text


def test_confirming_on_the_page_of_the_dialog_leads_back_to_the_settings(
    world: World, alice: AdminBrowser
) -> None:
    code = make_template(world, name="Data access", labels=our_labels())
    page = f"{SOURCE}&process_code={code}"
    form = {"process_code": code, "version": hidden(alice.get(page).text, "version")}
    answer = alice.post(
        "/template/association", has_script=True, current_url=f"http://localhost{page}", **form
    )
    assert answer.headers["HX-Redirect"] == f"{PAGE}#approval-template"
    assert "The approval template is associated." in words(alice.get().text)


def test_fields_that_are_missing_are_named_but_only_the_request_number_is_required(
    world: World, alice: AdminBrowser
) -> None:
    text = words(match(alice, make_template(world, name="Short", labels=["Request number"])))
    assert "What the person may do with it. Text or a choice. Not sent" in text
    assert "Confirm" in text


def test_without_a_request_number_nothing_is_kept_and_the_clicks_are_named(
    world: World, alice: AdminBrowser
) -> None:
    code = make_template(world, name="Nameless", labels=["Reason"])
    dialog = match(alice, code)
    assert "Choose a text field for the request number" in words(dialog)
    assert "Under Form Design put a Single-line text into the form and call it “Request number”." in words(
        dialog
    )
    assert "The portal can add what is missing" not in words(dialog)
    forced = alice.post("/template/association", has_script=True, process_code=code, version="1")
    assert forced.status_code == 422
    assert 'aria-invalid="true"' in forced.text
    assert "Nothing was saved." in words(forced.text)


def test_a_required_field_that_the_portal_cannot_fill_is_named(world: World, alice: AdminBrowser) -> None:
    code = make_template(world, name="Strict", labels=our_labels(), required="Cost centre")
    dialog = words(match(alice, code))
    assert "“Cost centre” (Single choice): choose a value for it above, or make it optional" in dialog
    forced = alice.post("/template/association", process_code=code, version="1")
    assert forced.status_code == 409
    assert "This template cannot carry a request" in words(forced.text)


def test_levels_without_an_option_are_told_on_the_page_and_chosen_in_the_editor(
    world: World, alice: AdminBrowser
) -> None:
    code = levels_template(world)
    version = hidden(match(alice, code), "version")
    fields = {"field-number": "Ticket", "field-reason": "Why", "field-level": "Grade"}
    options = {f"option-level-{each}": "a" for each in Entitlement}
    form = typed(code, version, **fields, **options, **{"options-of-level": "Grade"})
    assert alice.post("/template/association", has_script=True, **form).status_code == 204
    assert "choose-options" not in alice.get().text
    with world.app.app_context(), transaction() as session:
        row = session.scalars(select(ApprovalTemplate)).one()
        row.option_mapping = {"level": dict.fromkeys(("view", "export", "edit", "use"), "a")}
    page = alice.get()
    text = words(page.text)
    assert text.count("The template has no option for some of the portal's values") == 2
    assert "“Grade”: Submit data, Manage own data, Manage all data, See masked columns" in text
    assert "Approval works" not in text
    link = re.search(r'id="choose-options" href="([^"]+)"', page.text)
    assert link
    editor = words(alice.get(html.unescape(link[1]), has_script=True).text)
    assert "Choose the option of “Grade” that says “Submit data”." in editor
    assert "Under Form Design choose the field and add an option for each of these values." in editor


def levels_template(world: World) -> str:
    return make_template(world, name="Levels", labels=["Ticket", "Why"], required="Grade")


def typed(code: str, version: str = "1", **chosen: str) -> dict[str, str]:
    return {"process_code": code, "source": "custom", "version": version, "language": "en", **chosen}


def test_choosing_a_field_of_choice_asks_for_its_options_and_shows_what_dingtalk_gets(
    world: World, alice: AdminBrowser
) -> None:
    code = levels_template(world)
    form = typed(code, **{"field-number": "Ticket", "field-reason": "Why", "field-level": "Grade"})
    drawn = alice.post("/template/mapping", has_script=True, **form)
    assert drawn.status_code == 200
    assert 'id="template-mapping"' in drawn.text
    assert 'aria-invalid="true"' not in drawn.text
    assert "Choose the option of “Grade” that says “View”." in words(drawn.text)
    assert "Grade Single choice Not settled yet" in words(drawn.text)
    assert re.search(r"Ticket Single-line text AR-\d{4}-000123", words(drawn.text))


@pytest.mark.parametrize("has_script", [True, False])
def test_faults_keep_what_was_chosen_and_mending_them_confirms_the_template(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    code = levels_template(world)
    version = hidden(match(alice, code), "version")
    form = typed(
        code, version, **{"field-number": "Ticket", "field-reason": "Ticket", "field-level": "Grade"}
    )
    refused = alice.post("/template/association", has_script=has_script, **form)
    assert refused.status_code == 422
    assert "“Ticket” is chosen for several values." in words(refused.text)
    assert '<option value="Ticket" selected>' in refused.text
    assert '<option value="Grade" selected>' in refused.text
    options = {f"option-level-{each}": "b" if each == Entitlement.EDIT else "a" for each in Entitlement}
    form |= {"field-reason": "Why", "options-of-level": "Grade", **options}
    kept = alice.post("/template/association", has_script=has_script, **form)
    assert kept.status_code == (204 if has_script else 303), words(kept.text)
    template = world.look(lambda: world.services.approval_settings.current().template)
    assert template.field_mapping == {"number": "Ticket", "reason": "Why", "level": "Grade"}
    assert template.option_mapping["level"] == {each: "b" if each == "edit" else "a" for each in Entitlement}


def test_what_a_field_cannot_say_about_the_validity_is_told(world: World, alice: AdminBrowser) -> None:
    code = levels_template(world)
    form = typed(code, **{"field-number": "Ticket", "field-validity": "Grade"})
    drawn = alice.post("/template/mapping", has_script=True, **form)
    assert "the exact validity stands on the status page only." in words(drawn.text)
    assert "Another number of days, or until a date" in words(drawn.text)


def test_without_javascript_a_button_checks_and_previews(world: World, alice: AdminBrowser) -> None:
    code = levels_template(world)
    page = alice.get(f"{SOURCE}&process_code={code}").text
    assert 'formaction="/settings/approval/template/mapping"' in page
    form = typed(code, **{"field-number": "Ticket", "field-reason": "", "field-items": "Why"})
    drawn = alice.post("/template/mapping", **form).text
    assert "<html" in drawn
    assert "Why Single-line text Dashboard: Sales overview" in words(drawn)


def test_options_chosen_for_another_field_do_not_count(world: World, alice: AdminBrowser) -> None:
    code = levels_template(world)
    form = typed(code, **{"field-number": "Ticket", "field-level": "Grade", "options-of-level": "Another"})
    form |= {"option-level-view": "nonsense"}
    assert "nonsense" not in alice.post("/template/mapping", has_script=True, **form).text


@pytest.mark.parametrize("typed_label", ["<script>x</script>", "Gone", "x" * 5000])
def test_a_field_that_the_template_does_not_have_is_a_fault_shown_harmlessly(
    world: World, alice: AdminBrowser, typed_label: str
) -> None:
    code = levels_template(world)
    drawn = alice.post(
        "/template/association", has_script=True, **typed(code, **{"field-number": typed_label})
    )
    assert drawn.status_code == 422
    assert "The template has no field" in words(drawn.text)
    assert "<script>x" not in drawn.text


def test_a_failure_of_dingtalk_keeps_what_was_chosen(world: World, alice: AdminBrowser) -> None:
    code = levels_template(world)
    form = typed(code, **{"field-number": "Ticket", "field-reason": "Why", "field-level": ""})
    alice.post("/template/mapping", has_script=True, **form)
    world.control("PUT", "/permissions", {"Workflow.Form.Read": False})
    failed = alice.post("/template/association", has_script=True, **form)
    assert "DingTalk API call failed[readFormSchema]" in words(failed.text)
    assert '<option value="Why" selected>' in failed.text


def test_nobody_but_admins_reaches_the_editor(world: World, alice: AdminBrowser) -> None:
    bob = AdminBrowser.__new__(AdminBrowser)
    bob.client = world.client("bob")
    for path in ("/template/choices", "/template?source=custom"):
        assert bob.client.get(f"{PAGE}{path}").status_code == 403
    for path in ("/template/mapping", "/template/fields"):
        assert bob.client.post(f"{PAGE}{path}").status_code in (400, 403)


def test_people_in_the_flow_are_passed_over_only_with_consent_by_name(
    world: World, alice: AdminBrowser
) -> None:
    code = make_template(world, name="Designed", labels=our_labels())
    node = {"name": "Finance", "rule": "specified_members", "people": ["kate"]}
    world.control("PUT", f"/templates/{code}/flow", {"nodes": [node]})
    dialog = match(alice, code)
    assert "Kate Xu 徐凯" in dialog
    form = {"process_code": code, "version": hidden(dialog, "version")}
    refused = alice.post("/template/association", has_script=True, **form)
    assert refused.status_code == 409
    assert "These would not be asked: Kate Xu 徐凯." in words(refused.text)
    form |= {"accepts_bypass": "y", "passed_over": hidden(dialog, "passed_over")}
    world.control(
        "PUT", f"/templates/{code}/flow", {"nodes": [{**node, "name": "Top", "people": ["iris"]}, node]}
    )
    unseen = alice.post("/template/association", has_script=True, **form)
    assert unseen.status_code == 409
    assert "Iris He 何静" in words(unseen.text)
    assert 'id="accepts-bypass" value="y" checked' not in unseen.text
    world.control("PUT", f"/templates/{code}/flow", {"nodes": [node]})
    accepted = alice.post("/template/association", has_script=True, **form)
    assert accepted.status_code == 204
    assert "Alice Zhang 张爱丽 accepted that people designed into the flow are not asked." in words(
        alice.get().text
    )


@pytest.mark.parametrize("code", ["PROC-UNKNOWN", "<b>x</b>", "x" * 3000])
def test_a_process_code_that_does_not_exist_is_dingtalks_refusal_in_the_dialog(
    alice: AdminBrowser, code: str
) -> None:
    answer = alice.get(f"{SOURCE}&process_code={code}", has_script=True)
    assert answer.status_code == 200
    assert "DingTalk API call failed[readFormSchema]" in words(answer.text)
    assert "<b>x" not in answer.text


def test_a_missing_read_permission_is_named(world: World, alice: AdminBrowser) -> None:
    world.control("PUT", "/permissions", {"Workflow.Form.Read": False})
    text = words(alice.get(SOURCE, has_script=True).text)
    assert "DingTalk API call failed[listManageableTemplates]" in text
    assert "Workflow template read permission Workflow.Form.Read" in text
