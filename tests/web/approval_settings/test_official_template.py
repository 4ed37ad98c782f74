"""One-click Generation and Confirm, with and without JavaScript, and everything that can go wrong."""

from __future__ import annotations

import pytest

from portal.database import transaction
from portal.services.approval_settings import stored_settings
from tests.portal_world import World
from tests.web.approval_settings.admin_browser import (
    PAGE,
    AdminBrowser,
    hidden,
    make_template,
    words,
)

DIALOG = f"{PAGE}/template"


def template_names(world: World) -> list[str]:
    return [each["name"] for each in world.control("GET", "/templates")["templates"]]


def associated(world: World) -> str | None:
    def name() -> str | None:
        template = world.services.approval_settings.current().template
        return template.name if template else None

    return world.look(name)


def test_the_dialog_is_a_partial_for_htmx_and_a_page_for_everybody(alice: AdminBrowser) -> None:
    assert alice.get(DIALOG, has_script=True).text.lstrip().startswith('<div id="association"')
    page = alice.get(DIALOG)
    assert page.text.startswith("<!doctype html>")
    assert page.headers["Vary"] == "HX-Request, Cookie" or "HX-Request" in page.headers["Vary"]


def test_ticking_the_channel_opens_the_dialog_and_unticking_does_not(alice: AdminBrowser) -> None:
    address = f"{DIALOG}?opened_by=switch"
    ticked = alice.get(f"{address}&is_dingtalk_channel_on=y", has_script=True)
    assert "Associate Approval Template" in ticked.text
    assert alice.get(address, has_script=True).status_code == 204
    assert 'hx-get="/settings/approval/template?opened_by=switch"' in alice.get().text
    alice.associate_official()
    assert "opened_by=switch" not in alice.get().text


def test_generate_then_confirm_without_javascript(world: World, alice: AdminBrowser) -> None:
    generated = alice.generate()
    assert generated.status_code == 303
    page = alice.get(generated.headers["Location"])
    assert "The template is ready in DingTalk" in page.text
    assert associated(world) is None
    form = {"template_id": hidden(page.text, "template_id"), "version": hidden(page.text, "version")}
    confirmed = alice.post("/template/association", **form)
    assert confirmed.headers["Location"] == f"{PAGE}#approval-template"
    assert associated(world) == "Quick BI Permission Request"
    text = words(alice.get().text)
    assert "The approval template is associated." in text
    assert "Mode Peer to peer First associated by" in text
    assert "Flow Peer to peer One approver decides." in text


def test_confirm_closes_the_dialog_by_announcement(world: World, alice: AdminBrowser) -> None:
    alice.associate_official()
    assert associated(world) == "Quick BI Permission Request"
    assert world.look(lambda: world.services.approval_settings.current().is_dingtalk_channel_on)


def test_a_missing_permission_reads_as_the_help_page_promises(world: World, alice: AdminBrowser) -> None:
    world.control("PUT", "/permissions", {"Workflow.Form.Write": False})
    world.control("PUT", "/settings", {"permission_text": "help_page"})
    answer = alice.generate(has_script=True)
    assert answer.status_code == 200
    text = words(answer.text)
    assert (
        "DingTalk API call failed[createOaApprovalTemplate], "
        "[Forbidden.AccessDenied.AccessTokenPermissionDenied - code: 403, No permission to call this API.]"
    ) in text
    assert "Workflow template write permission Workflow.Form.Write" in text
    assert "Then press One-click Generation again." in text


def test_the_link_that_dingtalk_gave_is_offered_and_pressing_again_then_works(
    world: World, alice: AdminBrowser
) -> None:
    world.control("PUT", "/permissions", {"Workflow.Form.Write": False})
    refused = alice.generate(has_script=True).text
    assert 'rel="noopener noreferrer">Switch it on in DingTalk' in refused
    world.control("PUT", "/permissions", {"Workflow.Form.Write": True})
    assert "The template is ready in DingTalk" in alice.generate(has_script=True).text


def test_a_name_of_somebody_elses_template_is_left_alone_and_another_is_offered(
    world: World, alice: AdminBrowser
) -> None:
    make_template(world, name="Quick BI Permission Request", labels=["Other"])
    answer = alice.generate(has_script=True)
    assert answer.status_code == 409
    assert "that this portal did not make" in words(answer.text)
    assert 'name="other_name" value="Quick BI Approval"' in answer.text
    assert 'value="Quick BI Permission Request"' in answer.text
    assert "The template is ready" in alice.generate(has_script=True, other_name="Quick BI Approval").text
    assert template_names(world) == ["Quick BI Permission Request", "Quick BI Approval"]


def test_a_template_of_ours_that_differs_is_updated_only_with_consent(
    world: World, alice: AdminBrowser
) -> None:
    alice.generate()
    answer = alice.generate(has_script=True, language="zh")
    assert answer.status_code == 409
    text = words(answer.text)
    assert "Fields to add" in text
    assert "申请单号" in text
    assert "Request number" in text
    assert "The template is ready" in alice.generate(has_script=True, language="zh", may_update="y").text
    assert len(template_names(world)) == 1


def test_two_admins_at_once_make_one_template(world: World, alice: AdminBrowser) -> None:
    def claim() -> None:
        with transaction() as session:
            settings = stored_settings(session, world.services.clock)
            settings.generation_claimed_until = world.services.clock.now().replace(year=2999)
            settings.generation_claimed_by = "Henry Gao 高恒"

    world.look(claim)
    answer = alice.generate(has_script=True)
    assert answer.status_code == 409
    assert "Started by: Henry Gao 高恒" in words(answer.text)
    assert template_names(world) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 65])
@pytest.mark.parametrize("has_script", [True, False])
def test_a_bad_name_is_marked_and_stays(alice: AdminBrowser, name: str, has_script: bool) -> None:
    answer = alice.generate(has_script=has_script, name=name)
    assert answer.status_code == 422
    assert "Enter a name of 1 to 64 characters." in words(answer.text)
    assert f'name="name" value="{name}"' in answer.text


def test_html_in_a_name_is_text(alice: AdminBrowser) -> None:
    answer = alice.generate(has_script=True, name="<img src=x onerror=alert(1)>" * 3)
    assert "<img" not in answer.text


def test_confirming_over_another_admins_save_is_refused_in_the_dialog(
    world: World, alice: AdminBrowser
) -> None:
    dialog = alice.generate(has_script=True).text
    alice.post("/switches", is_enabled="y", version="1")
    form = {"template_id": hidden(dialog, "template_id"), "version": hidden(dialog, "version")}
    answer = alice.post("/template/association", has_script=True, **form)
    assert answer.status_code == 409
    assert associated(world) is None
    form["version"] = hidden(answer.text, "version")
    assert alice.post("/template/association", has_script=True, **form).status_code == 204
    assert associated(world) == "Quick BI Permission Request"


@pytest.mark.parametrize("template_id", ["", "999", "x", "-1"])
def test_a_template_that_does_not_exist_cannot_be_confirmed(alice: AdminBrowser, template_id: str) -> None:
    answer = alice.post("/template/association", has_script=True, template_id=template_id, version="1")
    assert answer.status_code == 422
    assert "Choose a template that this organisation has." in words(answer.text)


@pytest.mark.parametrize("fault", ["reset_after_commit", "http_500_after_commit"])
def test_generating_again_after_an_unclear_answer_finds_the_same_template(
    world: World, alice: AdminBrowser, fault: str
) -> None:
    world.control("POST", "/faults", {"fault": fault, "operation": "saveForm", "count": 1})
    first = alice.generate(has_script=True)
    assert first.status_code == 200
    assert "DingTalk API call failed[createOaApprovalTemplate]" in words(first.text)
    assert "The template is ready" in alice.generate(has_script=True).text
    assert len(template_names(world)) == 1
