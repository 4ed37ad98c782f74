"""The section Flow: what the flow is good for, what changed, and what an admin may decide about it."""

from __future__ import annotations

import re

import pytest

from portal.models.approval_template import ApprovalTemplate
from tests.portal_world import World
from tests.services.flow_story import (
    BOSS,
    CHOICE,
    KATE,
    associate,
    check,
    code,
    design,
    drift,
    meet,
    template,
)
from tests.services.story import ask, fault, follow, set_up
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words

SECTION = f"{PAGE}/sections/flow"
CHECKS, ACCEPTANCE, TAKEOVER = (f"/flow/{each}" for each in ("checks", "bypass-acceptance", "takeover"))
KATES_NAME, IRIS_NAME = "Kate Xu 徐凯", "Iris He 何静"


def section(alice: AdminBrowser) -> str:
    return str(alice.get(SECTION, has_script=True).text)


def part(page: str, element_id: str) -> str:
    """Return the words of one list of the section."""
    found = re.search(rf'id="{element_id}">(.*?)</(?:ul|ol|p)>', page, re.DOTALL)
    assert found, f"there is no {element_id}"
    return words(found[1])


def test_a_branch_is_named_in_words_wherever_people_are_passed_over(
    world: World, alice: AdminBrowser
) -> None:
    associate(world, CHOICE)
    design(world, CHOICE, {**KATE, "when": {"Level": ["edit"]}})
    check(world)
    said = part(section(alice), "flow-drift")
    assert "The flow would pass these people over now: whoever the conditions of the flow lead to." in said
    number = ask(world)
    follow(world, number, "could_not_start")
    assert "whoever the conditions of the flow lead to" in world.client("bob").get(f"/requests/{number}").text


def row(world: World) -> ApprovalTemplate:
    found: ApprovalTemplate = world.look(template)
    return found


def template_id(world: World) -> str:
    return str(world.look(lambda: template().id))


def test_without_a_template_there_is_nothing_to_see(world: World, alice: AdminBrowser) -> None:
    assert '<section id="flow" class="panel" hidden' in section(alice)
    associate(world, CHOICE)
    assert '<section id="flow" class="panel" aria-labelledby' in section(alice)


def test_the_top_of_the_page_says_that_the_template_was_changed(world: World, alice: AdminBrowser) -> None:
    associate(world, CHOICE)
    top = f"{PAGE}/sections/next_step"
    assert "was changed in DingTalk" not in words(alice.get(top, has_script=True).text)
    design(world, KATE)
    check(world)
    assert "was changed in DingTalk" in words(alice.get(top, has_script=True).text)


def test_a_full_flow_shows_its_nodes_with_rule_certainty_mode_and_people(
    world: World, alice: AdminBrowser
) -> None:
    associate(world, CHOICE, BOSS, {**KATE, "mode": "any"})
    meet(world, "henry")
    check(world)
    page = section(alice)
    assert "Full flow" in words(page)
    nodes = part(page, "flow-nodes")
    assert "Approver · Selected by Initiator · All must agree Anybody may be chosen" in nodes
    assert "Direct Supervisor (proved with two requesters)" in nodes
    assert f"Specified Members (proved with two requesters) · Any one decides Is asked: {KATES_NAME}" in nodes
    assert "At “Boss” DingTalk found nobody." in part(page, "flow-reasons")
    assert f"processCode={code(world)}" in page


def test_peer_to_peer_without_the_flow_says_what_may_be_lost(world: World, alice: AdminBrowser) -> None:
    associate(world, KATE)
    page = section(alice)
    assert "such as countersigning, may be lost" in part(page, "flow-verdict")
    assert "Starting is blocked: people in this flow would not be asked" in words(page)
    assert "choose Selected by Initiator, press Save and then Publish" in part(page, "flow-reasons")


def test_accepting_needs_the_tick_and_lets_what_waited_go_on(world: World, alice: AdminBrowser) -> None:
    associate(world, KATE)
    world.client("bob")
    number = ask(world)
    follow(world, number, "could_not_start")
    given = {"template_id": template_id(world), "name": KATES_NAME}
    refused = alice.post(ACCEPTANCE, has_script=True, **given)
    assert refused.status_code == 422
    assert "Tick the box" in words(refused.text)
    done = alice.post(ACCEPTANCE, has_script=True, **{**given, "accepts": "y"})
    assert done.status_code == 200
    assert f"Alice Zhang 张爱丽 accepted that these are not asked: {KATES_NAME}." in words(done.text)
    assert "Starting is blocked" not in words(done.text)
    follow(world, number, "pending")


def test_accepting_what_is_out_of_date_is_refused(world: World, alice: AdminBrowser) -> None:
    associate(world, KATE)
    given = {"template_id": template_id(world), "name": IRIS_NAME, "accepts": "y"}
    refused = alice.post(ACCEPTANCE, has_script=True, **given)
    assert refused.status_code == 409
    assert "The template is not what you saw any more" in words(refused.text)
    assert not row(world).bypass_acknowledged


def test_without_javascript_every_button_leads_back_to_the_page(world: World, alice: AdminBrowser) -> None:
    associate(world, KATE)
    given = {"template_id": template_id(world)}
    for path, more in (
        (CHECKS, {}),
        (ACCEPTANCE, {"name": KATES_NAME, "accepts": "y"}),
        (TAKEOVER, {"seen": drift(world).version}),
    ):
        answer = alice.post(path, **{**given, **more})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}#flow")


def test_drift_is_shown_and_taken_over_with_consent(world: World, alice: AdminBrowser) -> None:
    associate(world, CHOICE, KATE)
    design(world, KATE)
    given = {"template_id": template_id(world)}
    page = alice.post(CHECKS, has_script=True, **given).text
    assert "“Choice” was removed from the flow." in part(page, "flow-drift")
    assert f"The flow would pass these people over now: {KATES_NAME}." in part(page, "flow-drift")
    given["seen"] = hidden(page, "seen")
    refused = alice.post(TAKEOVER, has_script=True, **{**given, "name": KATES_NAME})
    assert refused.status_code == 409
    assert "People in this flow would be passed over" in words(refused.text)
    done = alice.post(TAKEOVER, has_script=True, **{**given, "name": KATES_NAME, "accepts": "y"})
    assert done.status_code == 200
    assert "flow-taken-over" in done.headers["HX-Trigger"]
    assert "flow-drift" not in done.text


def test_changes_that_came_since_are_shown_instead_of_taken_over(world: World, alice: AdminBrowser) -> None:
    associate(world, CHOICE, KATE)
    design(world, CHOICE)
    check(world)
    seen = hidden(section(alice), "seen")
    design(world, CHOICE, KATE, {**KATE, "name": "Top", "people": ["iris"]})
    refused = alice.post(TAKEOVER, has_script=True, template_id=template_id(world), seen=seen)
    assert refused.status_code == 409
    assert f"“Top” was added to the flow: {IRIS_NAME}." in part(refused.text, "flow-drift")


@pytest.mark.parametrize("seen", [None, "", "0123456789abcdef"])
def test_changes_that_another_look_found_since_are_not_taken_over_unread(
    world: World, alice: AdminBrowser, seen: str | None
) -> None:
    associate(world, CHOICE, KATE)
    design(world, CHOICE)
    check(world)
    read = hidden(section(alice), "seen") if seen is None else seen
    design(world, CHOICE, KATE, {**KATE, "name": "Top", "people": ["iris"]})
    check(world)
    refused = alice.post(TAKEOVER, has_script=True, template_id=template_id(world), seen=read)
    assert refused.status_code == 409
    assert "The template is not what you saw any more" in words(refused.text)
    assert drift(world)


def test_what_cannot_be_used_is_not_offered_for_taking_over(world: World, alice: AdminBrowser) -> None:
    associate(world)
    design(world, CHOICE, {**KATE, "decision": "auto_refuse"})
    page = alice.post(CHECKS, has_script=True, template_id=template_id(world)).text
    assert "Not usable" in words(page)
    assert "“Finance” refuses every request by itself." in part(page, "flow-reasons")
    assert 'id="take-over"' not in page


def test_a_disabled_template_is_never_shown_as_usable(world: World, alice: AdminBrowser) -> None:
    associate(world, CHOICE, KATE)
    world.control("PATCH", f"/templates/{code(world)}", {"status": "INVALID"})
    page = alice.post(CHECKS, has_script=True, template_id=template_id(world)).text
    assert "Not usable" in words(page)
    assert "Full flow" not in words(page)
    assert "The template is disabled or not published in DingTalk" in part(page, "flow-drift")
    assert "No request can be started with the template as it is now." in part(page, "flow-verdict")


def test_a_look_that_dingtalk_refuses_is_shown_in_its_place(world: World, alice: AdminBrowser) -> None:
    set_up(world)
    world.control("PUT", "/permissions", {"Workflow.Form.Read": False})
    page = alice.post(CHECKS, has_script=True, template_id=template_id(world))
    assert page.status_code == 200
    assert "The DingTalk app lacks a permission" in words(page.text)
    assert "looked at just now" not in words(page.text)
    assert "Workflow template read permission" in words(page.text)


def test_an_unsuccessful_forecast_says_that_nothing_can_be_concluded(
    world: World, alice: AdminBrowser
) -> None:
    set_up(world)
    fault(world, "forecast_unsuccessful", "forecast")
    page = alice.post(CHECKS, has_script=True, template_id=template_id(world)).text
    assert "DingTalk could not work out the flow" in words(page)


def test_only_admins_may_decide(world: World, alice: AdminBrowser) -> None:
    associate(world, KATE)
    bob = AdminBrowser(world.client("bob"))
    given = {"template_id": template_id(world), "name": KATES_NAME, "accepts": "y"}
    for path in (CHECKS, ACCEPTANCE, TAKEOVER):
        assert bob.post(path, **given).status_code in (403, 404)
    assert not row(world).bypass_acknowledged


def test_a_template_that_is_not_there_is_refused(world: World, alice: AdminBrowser) -> None:
    associate(world)
    for bad in ("999", "x", "", "-1"):
        assert alice.post(CHECKS, has_script=True, template_id=bad).status_code == 422


def test_names_of_nodes_and_people_are_shown_as_text(world: World, alice: AdminBrowser) -> None:
    associate(world, CHOICE, {**KATE, "name": "<script>alert(1)</script>"})
    page = section(alice)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
