"""A template's flow in our words, from DingTalk's forecast and, where it may be read, from the designed flow.

Source: DingTalk, approval-process-prediction; the rule names are those of ``processConfig``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from portal.dingtalk.forecast import Candidate, FlowNode, Forecast
from portal.dingtalk.process_config import ActionerRule, ConfiguredNode, ProcessConfig
from portal.rules.flow_rules import SUPPORTED_RULES, Certainty, Node, NodeMode, NodePerson, NodeRule, NodeTask

_TASKS = {"notifier": NodeTask.BE_NOTIFIED, "audit": NodeTask.HANDLE}
_MODES = {"AND": NodeMode.ALL, "OR": NodeMode.ANY, "ONE_BY_ONE": NodeMode.ONE_BY_ONE}
_AUTOMATIC = {"AUTO_AGREE": NodeRule.AUTOMATIC, "AUTO_REFUSE": NodeRule.AUTOMATIC_REFUSAL}
_RULES = {
    "target_select": NodeRule.SELECTED_BY_INITIATOR,
    "target_approval": NodeRule.SPECIFIED_MEMBERS,
    "target_management": NodeRule.DEPARTMENT_HEAD,
    "target_originator": NodeRule.INITIATOR,
    "target_label": NodeRule.ROLE,
    "target_managers_labels": NodeRule.ROLE_IN_LEVELS,
    "target_formcomponent_approval": NodeRule.FORM_CONTACT,
    "target_matrix_approval": NodeRule.MATRIX,
    "target_connect_approval": NodeRule.CONSECUTIVE_SUPERVISORS,
}
_FORMULA = "target_formula"
_FORMULAS = {
    "reportLineManager": NodeRule.DIRECT_SUPERVISOR,
    "managerOfDept": NodeRule.HEAD_OF_FORM_DEPARTMENT,
}
# Types of a forecast that only say that DingTalk found people, whatever the rule.
_TELLING_NOTHING = frozenset({"", "target_approval", "target_notifier"})
_BRANCHINGS = {"route": NodeRule.CONDITION, "parallel": NodeRule.PARALLEL}


def our_flow(forecast: Forecast) -> tuple[Node, ...]:
    """Translate a forecast: its nodes on the path, and one for each way in which the flow branches."""
    nodes = tuple(_node(node) for node in forecast.nodes)
    if forecast.is_parallel:
        nodes = (*nodes, _branching(NodeRule.PARALLEL, certainty=Certainty.TOLD))
    if not forecast.is_static:
        nodes = (*nodes, _branching(NodeRule.CONDITION, certainty=Certainty.CONSISTENT_WITH))
    return nodes


def with_designed_rules(nodes: tuple[Node, ...], config: ProcessConfig) -> tuple[Node, ...]:
    """Give forecast nodes the rules that the designed flow holds, which is exact.

    Branchings take the place of the forecast's own; one by conditions names the members whom other paths lead to.
    """
    designed = {node.id: node for node in config.nodes if node.id}
    on_path = {node.id for node in nodes}
    elsewhere = [node for node in config.nodes if node.id not in on_path and node.kind != "notifier"]
    return (
        *(
            _as_designed(node, designed[node.id]) if node.id in designed else node
            for node in nodes
            if node.rule not in _BRANCHINGS.values()
        ),
        *(
            replace(
                _branching(_BRANCHINGS[each.kind], certainty=Certainty.TOLD),
                id=each.id,
                name=each.name,
                people=_members(elsewhere) if each.kind == "route" else (),
            )
            for each in config.branchings
        ),
    )


def _node(node: FlowNode) -> Node:
    rule, certainty = _rule(node)
    return Node(
        id=node.activity_id,
        name=node.name,
        task=_task(node),
        rule=rule,
        certainty=certainty,
        mode=_MODES.get(node.approval_method) or _MODES.get(node.activate_type),
        key=node.actor_key,
        is_required=node.is_required,
        allows_several=node.allows_several,
        candidates=_people(node.candidates),
        roles=dict(node.roles) or None,
        people=_people(node.people),
        told=node.activity_type,
    )


def _task(node: FlowNode) -> NodeTask:
    if node.activity_type == "target_notifier":
        return NodeTask.BE_NOTIFIED
    return _TASKS.get(node.actor_type, NodeTask.APPROVE)


def _rule(node: FlowNode) -> tuple[NodeRule, Certainty]:
    kind = node.activity_type
    if node.is_selected_by_initiator:
        return NodeRule.SELECTED_BY_INITIATOR, Certainty.TOLD
    if node.approval_type in _AUTOMATIC:
        return _AUTOMATIC[node.approval_type], Certainty.TOLD
    if kind in _TELLING_NOTHING:
        return NodeRule.RESOLVED, Certainty.CONSISTENT_WITH
    if kind == _FORMULA and node.sub_type not in _FORMULAS:
        return NodeRule.FORMULA, Certainty.CONSISTENT_WITH
    rule = _named_rule(kind, node.sub_type)
    return rule, Certainty.CONSISTENT_WITH if rule == NodeRule.UNKNOWN else Certainty.TOLD


def _named_rule(kind: str, sub_type: str) -> NodeRule:
    if kind == _FORMULA:
        return _FORMULAS.get(sub_type, NodeRule.FORMULA)
    return _RULES.get(kind, NodeRule.UNKNOWN)


def _as_designed(node: Node, designed: ConfiguredNode) -> Node:
    mode = _MODES.get(designed.method) or node.mode
    if automatic := _AUTOMATIC.get(designed.approval_type):
        return replace(node, rule=automatic, certainty=Certainty.TOLD, mode=mode)
    telling = _telling(designed.rules)
    if telling is None:
        return replace(node, mode=mode)
    people = node.people
    rule = _named_rule(telling.type, telling.sub_type)
    if rule == NodeRule.SPECIFIED_MEMBERS and not people:
        people = _members([designed])
    return replace(
        node,
        rule=rule,
        certainty=Certainty.TOLD,
        mode=mode,
        people=people,
        told=telling.sub_type or telling.type,
    )


def _telling(rules: tuple[ActionerRule, ...]) -> ActionerRule | None:
    """Return the rule that decides what a node of several is good for: one not supported, else the first."""
    for each in rules:
        if _named_rule(each.type, each.sub_type) not in SUPPORTED_RULES:
            return each
    return rules[0] if rules else None


def _branching(rule: NodeRule, *, certainty: Certainty) -> Node:
    return Node(name="", task=NodeTask.APPROVE, rule=rule, certainty=certainty)


def _members(nodes: Iterable[ConfiguredNode]) -> tuple[NodePerson, ...]:
    listed = [
        person
        for node in nodes
        for rule in node.rules
        if rule.type == "target_approval"
        for person in rule.people
    ]
    return tuple(NodePerson(user_id=user_id, name=name) for user_id, name in dict.fromkeys(listed))


def _people(found: tuple[Candidate, ...]) -> tuple[NodePerson, ...]:
    return tuple(NodePerson(user_id=each.user_id, name=each.name) for each in found)
