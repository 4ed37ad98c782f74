"""The template is looked at again and again: what changed is kept and said, and starting waits for consent."""

from __future__ import annotations

from typing import Any

import pytest

from portal.channels.failures import OwnFailure
from portal.database import transaction
from portal.extensions import db
from portal.rules.flow_drift import FlowChangeKind
from portal.rules.flow_rules import Certainty, NodeRule, ReasonKind, VerdictKind
from portal.rules.form_drift import FormChangeKind
from portal.services.faults import Problem, ProblemReason
from portal.services.templates.template_acceptance import to_be_accepted
from portal.services.templates.template_report import TemplateReport
from portal.services.work.chores import ChoreName
from tests.portal_world import World
from tests.services.flow_story import (
    BOSS,
    CHOICE,
    KATE,
    accept,
    associate,
    check,
    code,
    design,
    drift,
    look,
    meet,
    take_over,
    template,
)
from tests.services.story import (
    approval_of,
    ask,
    audited,
    failure_of,
    fault,
    follow,
    person_named,
    state_of,
)
from tests.services.story_of_chores import also_on_postgresql, chore, do_now, metered, set_quota

pytestmark = also_on_postgresql


def flow_kinds(world: World) -> list[FlowChangeKind]:
    return [each.kind for each in drift(world).flow]


def rules(report: TemplateReport) -> list[tuple[str, str]]:
    return [(node.rule.value, node.certainty.value) for node in report.nodes]


def test_what_an_admin_confirmed_is_no_drift(world: World) -> None:
    associate(world)
    report = check(world)
    assert not report.drift
    assert report.verdict is not None
    assert (report.verdict.kind, report.failure) == (VerdictKind.PEER_TO_PEER, None)
    assert world.look(lambda: template().drift) is None
    assert not world.look(lambda: audited("approval_template.drifted"))


def test_a_second_requester_proves_supervisors_and_members(world: World) -> None:
    associate(world, CHOICE, BOSS, KATE)
    meet(world, "henry")
    report = check(world)
    assert rules(report) == [
        ("selected_by_initiator", "told"),
        ("direct_supervisor", "proved"),
        ("specified_members", "proved"),
    ]
    assert report.verdict is not None
    assert report.verdict.kind == VerdictKind.FULL_FLOW
    assert not report.drift


def test_without_a_second_requester_a_rule_is_only_consistent(world: World) -> None:
    associate(world, CHOICE, KATE)
    with world.app.app_context(), transaction() as session:
        for person in session.scalars(db.select(type(person_named("alice")))):
            person.is_active = person.user_id == "alice"
    report = look(world)
    assert (report.nodes[1].rule, report.nodes[1].certainty) == (NodeRule.RESOLVED, Certainty.CONSISTENT_WITH)


@pytest.mark.parametrize("missing", ["qyapi_get_member", "qyapi_get_department_list"])
def test_without_a_contacts_permission_rules_stay_open_and_nothing_fails(world: World, missing: str) -> None:
    associate(world, CHOICE, BOSS, KATE)
    meet(world, "henry")
    world.control("PUT", "/permissions", {missing: False})
    report = check(world)
    assert report.failure is None
    assert {node.certainty for node in report.nodes[1:]} == {Certainty.CONSISTENT_WITH}
    assert not report.drift


def test_the_designed_flow_tells_the_rules_where_premium_is(world: World) -> None:
    associate(world, CHOICE, {"name": "Finance", "rule": "role", "roles": [200649095]})
    world.control("PUT", "/settings", {"has_premium": True})
    report = look(world)
    assert rules(report)[1] == ("role", "told")
    assert report.verdict is not None
    assert report.verdict.kind == VerdictKind.PEER_TO_PEER
    assert [each.kind for each in report.verdict.reasons] == [ReasonKind.RULE_NOT_SUPPORTED]


def test_a_look_writes_nothing(world: World) -> None:
    associate(world)
    design(world, CHOICE, KATE)
    verified_at = world.look(lambda: template().verified_at)
    assert look(world).flow_changes
    assert world.look(lambda: (template().drift, template().verified_at)) == (None, verified_at)


def test_saving_the_same_flow_again_is_no_drift(world: World) -> None:
    associate(world, CHOICE, BOSS, KATE)
    before = world.look(lambda: [each["id"] for each in template().flow])
    design(world, CHOICE, BOSS, KATE)
    assert not check(world).drift
    assert world.look(lambda: [each["id"] for each in template().flow]) != before


@pytest.mark.parametrize(
    ("now", "kinds"),
    [
        ([CHOICE, BOSS, KATE], [FlowChangeKind.NODE_ADDED]),
        ([CHOICE], [FlowChangeKind.NODE_REMOVED]),
        ([CHOICE, {**KATE, "people": ["iris"]}], [FlowChangeKind.PEOPLE_CHANGED]),
        ([CHOICE, {**KATE, "mode": "any"}], [FlowChangeKind.MODE_CHANGED]),
        ([{**CHOICE, "range": ["chen"]}, KATE], [FlowChangeKind.CANDIDATES_CHANGED]),
        ([{**CHOICE, "required": False}, KATE], [FlowChangeKind.CHOICE_CHANGED]),
        ([KATE, CHOICE], [FlowChangeKind.NODES_MOVED]),
        ([KATE], [FlowChangeKind.NODE_REMOVED, FlowChangeKind.PASSES_OVER_OTHERS]),
        ([CHOICE, {**KATE, "decision": "auto_agree"}], [FlowChangeKind.RULE_CHANGED]),
    ],
    ids=lambda each: each[0].value if isinstance(each[0], FlowChangeKind) else "",
)
def test_an_edited_flow_is_drift(world: World, now: list[Any], kinds: list[FlowChangeKind]) -> None:
    associate(world, CHOICE, KATE)
    design(world, *now)
    check(world)
    assert flow_kinds(world) == kinds
    assert len(world.look(lambda: audited("approval_template.drifted"))) == 1
    check(world)
    assert len(world.look(lambda: audited("approval_template.drifted"))) == 1


def form(world: World) -> list[dict[str, Any]]:
    """Return our template's form as it is written."""
    with world.app.app_context():
        fields = template().fields
    return [
        {
            "componentType": "TextareaField" if each["kind"] == "paragraph" else "TextField",
            "props": {
                "componentId": each["component_id"],
                "label": each["label"],
                "required": each["is_required"],
            },
        }
        for each in fields
    ]


def write_form(world: World, components: list[dict[str, Any]]) -> None:
    name = world.look(lambda: template().name)
    world.control("PUT", f"/templates/{code(world)}/form", {"name": name, "components": components})


def test_a_renamed_field_is_drift_and_taking_over_renames_it_here(world: World) -> None:
    associate(world)
    components = form(world)
    label = components[-1]["props"]["label"]
    components[-1]["props"]["label"] = "Where to look"
    write_form(world, components)
    check(world)
    (change,) = drift(world).form
    assert (change.kind, change.label, change.after) == (
        *(FormChangeKind.FIELD_RENAMED, label),
        "Where to look",
    )
    take_over(world)
    assert "Where to look" in world.look(lambda: template().field_mapping).values()
    assert not drift(world)
    number = ask(world)
    follow(world, number, "pending")


def test_a_new_required_field_blocks_taking_over(world: World) -> None:
    associate(world)
    props = {"componentId": "TextField-new", "label": "Cost centre", "required": True}
    write_form(world, [*form(world), {"componentType": "TextField", "props": props}])
    check(world)
    assert [(each.kind, each.label) for each in drift(world).form] == [
        (FormChangeKind.REQUIRED_UNFILLED, "Cost centre")
    ]
    with pytest.raises(Problem) as refused:
        take_over(world)
    assert refused.value.reason == ProblemReason.TEMPLATE_NOT_USABLE


def test_a_field_of_another_type_is_drift(world: World) -> None:
    associate(world)
    components = form(world)
    components[-1]["componentType"] = "NumberField"
    write_form(world, components)
    check(world)
    assert [each.kind for each in drift(world).form] == [FormChangeKind.TYPE_CHANGED]


def test_a_removed_number_field_cannot_be_taken_over(world: World) -> None:
    associate(world)
    write_form(world, form(world)[1:])
    check(world)
    assert [each.kind for each in drift(world).form] == [FormChangeKind.FIELD_REMOVED]
    assert not drift(world).is_usable


def test_a_disabled_template_is_drift_until_it_is_published_again(world: World) -> None:
    associate(world)
    world.control("PATCH", f"/templates/{code(world)}", {"status": "INVALID"})
    check(world)
    assert drift(world).is_disabled
    number = ask(world)
    follow(world, number, "could_not_start")
    world.control("PATCH", f"/templates/{code(world)}", {"status": "PUBLISHED"})
    check(world)
    assert not drift(world)
    assert world.look(lambda: audited("approval_template.drift_gone"))
    assert world.look(lambda: state_of(number)) == "submitted"
    follow(world, number, "pending")
    assert len(world.look(lambda: audited("start.resumed"))) == 1


def test_a_deleted_template_is_drift(world: World) -> None:
    associate(world)
    world.control("DELETE", f"/templates/{code(world)}")
    assert check(world).is_gone
    assert drift(world).is_gone
    with pytest.raises(Problem):
        take_over(world)


def test_a_look_that_cannot_be_had_is_said_and_changes_nothing_else(world: World) -> None:
    associate(world, CHOICE, KATE)
    design(world, CHOICE)
    check(world)
    world.control("PUT", "/permissions", {"Workflow.Form.Read": False})
    report = check(world)
    assert report.failure is not None
    assert report.failure.kind == "permission_missing"
    assert world.look(lambda: template().check_failure["kind"]) == "permission_missing"
    assert flow_kinds(world) == [FlowChangeKind.NODE_REMOVED]


def test_a_forecast_without_success_allows_no_conclusion(world: World) -> None:
    associate(world)
    fault(world, "forecast_unsuccessful", "forecast")
    report = check(world)
    assert report.verdict is not None
    assert [each.kind for each in report.verdict.reasons] == [ReasonKind.NO_CONCLUSION]
    assert report.failure is not None
    assert report.failure.kind == OwnFailure.FLOW_CHANGED
    assert not drift(world)


def test_nothing_starts_until_an_admin_accepts_by_name_who_is_passed_over(world: World) -> None:
    associate(world, KATE)
    number = ask(world)
    follow(world, number, "could_not_start")
    failure = world.look(lambda: failure_of(number))
    assert failure["kind"] == OwnFailure.BYPASS_NOT_ACKNOWLEDGED
    assert "Kate" in failure["facts"]["people"]
    with pytest.raises(Problem) as refused:
        accept(world, "Somebody else")
    assert refused.value.reason == ProblemReason.TEMPLATE_CHANGED
    accept(world, "Kate Xu 徐凯")
    (entry,) = world.look(lambda: audited("approval_template.bypass_accepted"))
    assert entry.after is not None
    assert "Kate Xu 徐凯" in entry.after["accepted"]
    assert world.look(lambda: state_of(number)) == "submitted"
    follow(world, number, "pending")


def test_consent_is_asked_for_again_when_others_would_be_passed_over(world: World) -> None:
    associate(world, KATE)
    accept(world, "Kate Xu 徐凯")
    design(world, KATE, {"name": "Top", "rule": "specified_members", "people": ["iris"]})
    number = ask(world)
    follow(world, number, "could_not_start")
    assert world.look(lambda: failure_of(number))["facts"]["people"] == "Iris He 何静"
    check(world)
    assert FlowChangeKind.PASSES_OVER_OTHERS in flow_kinds(world)
    with pytest.raises(Problem) as refused:
        take_over(world)
    assert refused.value.reason == ProblemReason.BYPASS_NEEDS_CONSENT
    take_over(world, "Iris He 何静")
    assert world.look(lambda: audited("approval_template.changes_taken_over"))
    follow(world, number, "pending")


def test_consent_to_pass_supervisors_over_holds_for_every_requester(world: World) -> None:
    associate(world, BOSS)
    meet(world, "henry")
    check(world)
    accept(world, *world.look(lambda: to_be_accepted(db.session(), template())))
    number = ask(world)
    follow(world, number, "pending")
    assert world.look(lambda: approval_of(number).failure) is None
    design(world, BOSS)  # saved anew: other ids, the same flow
    check(world)
    again = ask(world, who="alice")
    follow(world, again, "pending")


def test_a_start_that_was_refused_for_the_template_has_it_checked_at_once(world: World) -> None:
    associate(world)
    with world.app.app_context():
        world.services.chores.plan()
    world.work_until(lambda: chore(ChoreName.CHECK_TEMPLATE).done_at is not None)
    design(world, KATE)
    number = ask(world)
    follow(world, number, "could_not_start")
    world.work_until(lambda: template().drift is not None)
    assert FlowChangeKind.PASSES_OVER_OTHERS in flow_kinds(world)


def test_the_scheduled_check_costs_two_counted_calls_once_rules_are_known(world: World) -> None:
    associate(world, CHOICE, BOSS, KATE)
    meet(world, "henry")
    do_now(world, ChoreName.CHECK_TEMPLATE)
    before = metered(world)
    do_now(world, ChoreName.CHECK_TEMPLATE)
    assert metered(world) - before == 2


def test_the_scheduled_check_waits_while_calls_are_short(world: World) -> None:
    associate(world)
    set_quota(world, 10)
    before = metered(world)
    do_now(world, ChoreName.CHECK_TEMPLATE)
    assert metered(world) == before
