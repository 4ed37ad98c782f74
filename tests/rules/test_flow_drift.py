"""What counts as a change of a flow or a form, and what is only told better than before."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.field_mapping import FieldMapping
from portal.rules.flow_drift import FlowChange, FlowChangeKind, flow_changes
from portal.rules.flow_rules import Certainty, Node, NodeMode, NodePerson, NodeRule, NodeTask, judge_flow
from portal.rules.form_drift import FormChange, FormChangeKind, form_changes, moved_along
from portal.rules.official_form import FormFieldName
from portal.rules.template_field import FieldKind, TemplateField

PEOPLE = st.lists(
    st.sampled_from([NodePerson(user_id=each, name=each.title()) for each in ("kate", "iris", "chen")]),
    unique=True,
    max_size=3,
).map(tuple)
FLOWS = st.lists(
    st.builds(
        Node,
        id=st.uuids().map(str),
        name=st.sampled_from(["审批人", "Finance", ""]),
        task=st.sampled_from(NodeTask),
        rule=st.sampled_from(NodeRule),
        certainty=st.sampled_from(Certainty),
        mode=st.sampled_from([None, *NodeMode]),
        people=PEOPLE,
        candidates=PEOPLE,
    ),
    max_size=5,
    unique_by=lambda node: node.id,
).map(tuple)
KATE = NodePerson(user_id="kate", name="Kate")


def node(rule: NodeRule, certainty: Certainty = Certainty.TOLD, *people: NodePerson) -> Node:
    return Node(id="a", name="Finance", task=NodeTask.APPROVE, rule=rule, certainty=certainty, people=people)


@given(flow=FLOWS)
def test_a_flow_does_not_differ_from_itself(flow: tuple[Node, ...]) -> None:
    assert flow_changes(flow, flow) == ()


@given(flow=FLOWS)
def test_new_ids_and_keys_alone_are_no_change(flow: tuple[Node, ...]) -> None:
    saved_anew = tuple(replace(each, id=f"new {number}", key="new") for number, each in enumerate(flow))
    assert flow_changes(flow, saved_anew) == ()


@given(before=FLOWS, after=FLOWS)
def test_every_node_is_accounted_for(before: tuple[Node, ...], after: tuple[Node, ...]) -> None:
    kinds = [each.kind for each in flow_changes(before, after)]
    added, removed = kinds.count(FlowChangeKind.NODE_ADDED), kinds.count(FlowChangeKind.NODE_REMOVED)
    assert len(after) - len(before) == added - removed


@given(before=FLOWS, after=FLOWS)
def test_a_change_is_the_same_after_being_stored(before: tuple[Node, ...], after: tuple[Node, ...]) -> None:
    for change in flow_changes(before, after):
        assert FlowChange.from_json(json.loads(json.dumps(change.to_json()))) == change


@pytest.mark.parametrize(
    "better",
    [
        node(NodeRule.SPECIFIED_MEMBERS, Certainty.PROVED, KATE),
        node(NodeRule.DIRECT_SUPERVISOR, Certainty.PROVED, KATE),
        node(NodeRule.ROLE, Certainty.TOLD, KATE),
    ],
)
def test_a_rule_that_is_only_better_known_has_not_changed(better: Node) -> None:
    guessed = node(NodeRule.RESOLVED, Certainty.CONSISTENT_WITH, KATE)
    assert flow_changes((guessed,), (better,)) == ()
    assert flow_changes((better,), (guessed,)) == ()


def test_a_rule_known_before_and_after_has_changed() -> None:
    (change,) = flow_changes(
        (node(NodeRule.SPECIFIED_MEMBERS, Certainty.PROVED, KATE),),
        (node(NodeRule.ROLE, Certainty.TOLD, KATE),),
    )
    assert (change.kind, change.before, change.after) == (
        *(FlowChangeKind.RULE_CHANGED, ("specified_members",)),
        ("role",),
    )


def test_another_supervisor_is_no_change_of_the_flow() -> None:
    iris = NodePerson(user_id="iris", name="Iris")
    before = node(NodeRule.DIRECT_SUPERVISOR, Certainty.PROVED, KATE)
    assert flow_changes((before,), (replace(before, people=(iris,)),)) == ()


def test_somebody_else_in_place_of_the_supervisor_is_a_change() -> None:
    before = node(NodeRule.DIRECT_SUPERVISOR, Certainty.PROVED)
    (change,) = flow_changes((before,), (node(NodeRule.RESOLVED, Certainty.CONSISTENT_WITH, KATE),))
    assert (change.kind, change.after) == (FlowChangeKind.PEOPLE_CHANGED, ("Kate",))


@given(flow=FLOWS)
def test_consent_to_all_of_a_flow_leaves_nobody_to_ask_about(flow: tuple[Node, ...]) -> None:
    verdict = judge_flow(flow)
    assert verdict.beyond(verdict.consent) == ()
    assert verdict.beyond(()) == verdict.bypassed


def text_field(label: str, **more: object) -> TemplateField:
    return TemplateField(component_id=f"id {label}", label=label, kind=FieldKind.LINE, **more)


NUMBER, REASON = text_field("Number", is_required=True), text_field("Reason")
MAPPING = FieldMapping(fields={FormFieldName.NUMBER: "Number", FormFieldName.REASON: "Reason"})


def kinds(
    *after: TemplateField, before: tuple[TemplateField, ...] = (NUMBER, REASON)
) -> list[FormChangeKind]:
    changes = form_changes(before, after, MAPPING)
    for change in changes:
        assert FormChange.from_json(json.loads(json.dumps(change.to_json()))) == change
    return [change.kind for change in changes]


def test_a_form_does_not_differ_from_itself() -> None:
    assert kinds(NUMBER, REASON) == []


def test_fields_that_the_portal_does_not_fill_do_not_matter() -> None:
    assert kinds(REASON, NUMBER, text_field("Note")) == []


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ((NUMBER, replace(REASON, label="Why")), FormChangeKind.FIELD_RENAMED),
        ((NUMBER,), FormChangeKind.FIELD_REMOVED),
        ((NUMBER, replace(REASON, kind=FieldKind.NUMBER)), FormChangeKind.TYPE_CHANGED),
        ((NUMBER, replace(REASON, is_in_table=True)), FormChangeKind.TYPE_CHANGED),
        ((NUMBER, REASON, text_field("New", is_required=True)), FormChangeKind.REQUIRED_UNFILLED),
    ],
)
def test_a_change_of_a_filled_field_is_told(after: tuple[TemplateField, ...], kind: FormChangeKind) -> None:
    assert kinds(*after) == [kind]


def test_an_option_that_is_gone_is_told_and_another_one_is_not() -> None:
    level = TemplateField(
        component_id="l", label="Level", kind=FieldKind.CHOICE, options=("Read", "Write", "Own")
    )
    mapping = FieldMapping(
        fields={FormFieldName.LEVEL: "Level"},
        options={FormFieldName.LEVEL: {"view": "Read", "edit": "Write"}},
    )
    (change,) = form_changes((level,), (replace(level, options=("Read",)),), mapping)
    assert (change.kind, change.before) == (FormChangeKind.OPTION_REMOVED, "Write")


def test_a_mapping_follows_its_fields_to_their_new_labels() -> None:
    moved = moved_along(MAPPING, (NUMBER, REASON), (replace(NUMBER, label="No."),))
    assert moved.fields == {FormFieldName.NUMBER: "No."}


def test_a_template_confirmed_without_its_fields_is_compared_by_label() -> None:
    assert kinds(NUMBER, REASON, before=()) == []
    assert kinds(NUMBER, replace(REASON, label="Why"), before=()) == [FormChangeKind.FIELD_REMOVED]
