"""Fields are added only to templates of ours, everything else in them stays, and a changed flow is told."""

from __future__ import annotations

from typing import Any

import pytest

from portal.channels.failures import ChannelError
from portal.extensions import db
from portal.models import ApprovalTemplate
from portal.rules.entitlement import Entitlement
from portal.rules.official_form import OFFICIAL_FIELDS, FormFieldName
from portal.services.faults import Problem, ProblemReason
from portal.services.templates.template_extension import Extension
from tests.portal_world import World
from tests.services.story import actor_named, audited, person_named, set_up
from tests.services.test_custom_template import keep, make, match

BUDGET = {
    "componentType": "NumberField",
    "props": {"componentId": "NumberField-budget", "label": "Budget", "unit": "EUR", "placeholder": "net"},
}
COLOUR = {
    "componentType": "DDSelectField",
    "props": {
        "componentId": "DDSelectField-colour",
        "label": "Colour",
        "options": [{"key": "option_7", "value": "red"}, {"key": "other", "value": "another"}],
    },
}
ROWS = {
    "componentType": "TableField",
    "props": {"componentId": "TableField-rows", "label": "Rows"},
    "children": [{"componentType": "TextField", "props": {"componentId": "TextField-cell", "label": "Cell"}}],
}
SUPERVISOR = {"name": "Supervisor", "rule": "direct_supervisor"}


@pytest.fixture
def ours(world: World) -> str:
    """A template that the portal made, from which somebody removed all its fields, and put in others."""
    set_up(world)
    code = str(world.look(lambda: world.services.approval_settings.current().template.process_code))
    world.control("PUT", f"/templates/{code}/form", {"components": [BUDGET, COLOUR, ROWS]})
    world.control("PUT", f"/templates/{code}/flow", {"nodes": [SUPERVISOR]})
    return code


def extend(world: World, code: str) -> Extension:
    with world.app.app_context():
        return world.services.template_extension.add_missing_fields(
            actor_named("alice"), person_named("alice"), process_code=code
        )


def components(world: World, code: str) -> list[dict[str, Any]]:
    with world.app.app_context():
        client = world.services.custom_templates.connection.client()
        return [
            {"kind": each.kind, "id": each.component_id, "label": each.label, "options": each.options}
            for each in client.forms.read_schema(code).fields
        ]


def test_what_is_missing_is_added_and_everything_else_stays(world: World, ours: str) -> None:
    before = components(world, ours)
    found = match(world, ours)
    assert set(found.addable) == set(FormFieldName)
    extension = extend(world, ours)
    assert components(world, ours)[: len(before)] == before
    assert extension.labels == tuple(each.labels["en"] for each in OFFICIAL_FIELDS)
    after = match(world, ours)
    assert set(after.mapping.fields) == set(FormFieldName)
    assert after.addable == ()
    assert after.is_usable
    keep(world, ours, accepts=after.bypassed)
    assert world.look(lambda: len(audited("approval_template.fields_added"))) == 1


def test_options_that_a_level_lacks_are_added_below_the_others(world: World, ours: str) -> None:
    labels = {each.name: each.labels["en"] for each in OFFICIAL_FIELDS}
    options = [{"key": "option_2", "value": "Read only"}, {"key": "other", "value": "编辑"}]
    number = {"componentId": OFFICIAL_FIELDS[0].component_id, "label": labels[FormFieldName.NUMBER]}
    level = {"componentId": "level", "label": labels[FormFieldName.LEVEL], "options": options}
    components_now = [
        {"componentType": "TextField", "props": number},
        {"componentType": "DDSelectField", "props": level},
    ]
    world.control("PUT", f"/templates/{ours}/form", {"components": components_now})
    found = match(world, ours)
    assert len(found.addable_options) == len(Entitlement) - 2
    extension = extend(world, ours)
    shown = components(world, ours)[1]["options"]
    assert shown[:2] == ("Read only", "编辑")
    assert [text for text, _ in extension.options] == list(shown[2:])
    assert "See masked columns" in shown
    after = match(world, ours)
    assert set(after.mapping.options[FormFieldName.LEVEL]) == set(Entitlement)
    assert after.addable_options == ()


@pytest.mark.parametrize("resets", [False, True])
def test_whether_the_flow_changed_with_it_is_told(world: World, ours: str, resets: bool) -> None:
    world.control("PUT", "/settings", {"update_resets_flow": resets})
    extension = extend(world, ours)
    assert [each.name for each in extension.before] == ["Supervisor"]
    assert extension.has_changed_flow is resets


def test_a_template_of_somebody_else_is_never_changed(world: World) -> None:
    world.client("alice")
    code = make(world, ("TextareaField", "Reason", True))
    assert match(world, code).addable == ()
    with pytest.raises(Problem) as refused:
        extend(world, code)
    assert refused.value.reason == ProblemReason.NOTHING_TO_ADD
    assert [each["label"] for each in components(world, code)] == ["Reason"]


def test_nothing_is_added_where_a_field_has_the_name_already(world: World, ours: str) -> None:
    taken = {"componentType": "NumberField", "props": {"componentId": "n", "label": "Request number"}}
    world.control("PUT", f"/templates/{ours}/form", {"components": [taken]})
    assert FormFieldName.NUMBER not in match(world, ours).addable


def test_a_refusal_changes_nothing_and_leaves_no_entry(world: World, ours: str) -> None:
    before = components(world, ours)
    world.control("PUT", "/permissions", {"Workflow.Form.Write": False})
    with pytest.raises(ChannelError):
        extend(world, ours)
    assert components(world, ours) == before
    assert world.look(lambda: audited("approval_template.fields_added")) == []
    assert world.look(lambda: db.session.query(ApprovalTemplate).count()) == 1
