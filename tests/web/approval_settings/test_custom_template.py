"""Template Source Custom: fields matched by label, people passed over only with consent."""

from __future__ import annotations

import pytest

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
    assert f'<option value="{code}">Data access</option>' in alice.get(SOURCE, has_script=True).text


@pytest.mark.parametrize("has_script", [True, False])
def test_a_template_whose_fields_fit_is_confirmed(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    code = make_template(world, name="Data access", labels=["REQUEST NUMBER:", *our_labels()[1:]])
    dialog = match(alice, code)
    assert "Request number REQUEST NUMBER:" in words(dialog)
    form = {"process_code": code, "version": hidden(dialog, "version")}
    answer = alice.post("/template/association", has_script=has_script, **form)
    assert answer.status_code == (204 if has_script else 303)
    text = words(alice.get().text)
    assert "Template Source Custom" in text
    assert "Data access" in text


def test_fields_that_are_missing_are_named_but_only_the_request_number_is_required(
    world: World, alice: AdminBrowser
) -> None:
    text = words(match(alice, make_template(world, name="Short", labels=["Request number"])))
    assert "Level Missing: not shown to the approver" in text
    assert "Confirm" in text


def test_without_a_request_number_there_is_nothing_to_confirm(world: World, alice: AdminBrowser) -> None:
    code = make_template(world, name="Nameless", labels=["Reason"])
    dialog = match(alice, code)
    assert "Request number Required, missing" in words(dialog)
    assert "Confirm" not in words(dialog)
    forced = alice.post("/template/association", has_script=True, process_code=code, version="1")
    assert forced.status_code == 409
    assert "This template cannot carry a request" in words(forced.text)


def test_a_required_field_that_the_portal_cannot_fill_is_named(world: World, alice: AdminBrowser) -> None:
    code = make_template(world, name="Strict", labels=our_labels(), required="Cost centre")
    dialog = words(match(alice, code))
    assert "Make these optional or remove them: Cost centre." in dialog
    assert "Confirm" not in dialog


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
    accepted = alice.post("/template/association", has_script=True, **form, accepts_bypass="y")
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
