"""What a template's flow is good for, in an admin's words: its nodes and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.rules.flow_rules import (
    SUPPORTED_RULES,
    Certainty,
    FlowVerdict,
    Node,
    NodeMode,
    NodeRule,
    NodeTask,
    ReasonKind,
    VerdictKind,
)

RULES: Mapping[NodeRule, LazyString] = {
    NodeRule.SELECTED_BY_INITIATOR: _("Selected by Initiator"),
    NodeRule.SPECIFIED_MEMBERS: _("Specified Members"),
    NodeRule.DIRECT_SUPERVISOR: _("Direct Supervisor"),
    NodeRule.RESOLVED: _("Found by DingTalk"),
    NodeRule.DEPARTMENT_HEAD: _("Department head"),
    NodeRule.HEAD_OF_FORM_DEPARTMENT: _("Head of the department in the form"),
    NodeRule.INITIATOR: _("The requester"),
    NodeRule.ROLE: _("Role"),
    NodeRule.ROLE_IN_LEVELS: _("Role in several levels"),
    NodeRule.FORM_CONTACT: _("Person in the form"),
    NodeRule.MATRIX: _("Approval matrix"),
    NodeRule.CONSECUTIVE_SUPERVISORS: _("Consecutive supervisors"),
    NodeRule.FORMULA: _("Formula"),
    NodeRule.CONDITION: _("Conditions"),
    NodeRule.PARALLEL: _("Parallel branches"),
    NodeRule.AUTOMATIC: _("Agrees by itself"),
    NodeRule.AUTOMATIC_REFUSAL: _("Refuses by itself"),
    NodeRule.UNKNOWN: _("Another rule"),
}
TASKS: Mapping[NodeTask, LazyString] = {
    NodeTask.APPROVE: _("Approver"),
    NodeTask.HANDLE: _("Handler"),
    NodeTask.BE_NOTIFIED: _("Gets a copy"),
}
MODES: Mapping[NodeMode, LazyString] = {
    NodeMode.ALL: _("All must agree"),
    NodeMode.ANY: _("Any one decides"),
    NodeMode.ONE_BY_ONE: _("One after the other"),
}
_BADGES: Mapping[VerdictKind, tuple[str, LazyString]] = {
    VerdictKind.FULL_FLOW: ("success", _("Full flow")),
    VerdictKind.PEER_TO_PEER: ("success", _("Peer to peer")),
    VerdictKind.NOT_USABLE: ("danger", _("Not usable")),
}
_BRANCHINGS = frozenset({NodeRule.CONDITION, NodeRule.PARALLEL})


@dataclass(frozen=True, kw_only=True)
class NodeWords:
    """One node: its ``name``, what people do there, the rule with how sure it is, the mode, and who it names."""

    name: str
    task: str
    rule: str
    mode: str
    people: tuple[str, ...]
    people_hint: str
    is_supported: bool


@dataclass(frozen=True, kw_only=True)
class VerdictWords:
    """What a flow is good for, and who would not be asked."""

    badge: tuple[str, str]
    sentence: str
    bypassed: tuple[str, ...]


def verdict_words(verdict: FlowVerdict) -> VerdictWords:
    """Return the words for a verdict; why it is so stands in ``flow_reasons``."""
    kind, label = _BADGES[verdict.kind]
    is_warning = verdict.kind == VerdictKind.PEER_TO_PEER and bool(verdict.passed_over)
    return VerdictWords(
        badge=("warning", gettext("Peer to peer only")) if is_warning else (kind, str(label)),
        sentence=_verdict_sentence(verdict),
        bypassed=bypassed_words(verdict.passed_over),
    )


def unusable_words() -> VerdictWords:
    """Return the words for a template that cannot be used, whatever its flow is good for."""
    kind, label = _BADGES[VerdictKind.NOT_USABLE]
    return VerdictWords(
        badge=(kind, str(label)),
        sentence=gettext("No request can be started with the template as it is now."),
        bypassed=(),
    )


def node_words(node: Node) -> NodeWords:
    """Return the words for one node."""
    is_asked = node.rule not in (NodeRule.AUTOMATIC, NodeRule.AUTOMATIC_REFUSAL)
    return NodeWords(
        name=node.name or str(RULES[node.rule]),
        task="" if node.rule in _BRANCHINGS else str(TASKS[node.task]),
        rule=rule_words(node),
        mode=str(MODES[node.mode]) if node.mode and node.task != NodeTask.BE_NOTIFIED and is_asked else "",
        people=_people(node),
        people_hint=_people_hint(node),
        is_supported=node.rule in SUPPORTED_RULES or node.rule == NodeRule.AUTOMATIC,
    )


def rule_words(node: Node) -> str:
    """Name the rule of a node and say how sure that is."""
    name = str(RULES[node.rule])
    if node.rule == NodeRule.RESOLVED:
        return gettext("Found by DingTalk; by which rule cannot be told")
    if node.rule == NodeRule.UNKNOWN:
        if node.told and node.certainty != Certainty.PROVED:
            return gettext("Another rule (%(told)s), not supported", told=node.told)
        return gettext("Another rule that depends on the requester, not supported")
    if node.rule not in SUPPORTED_RULES and node.rule != NodeRule.AUTOMATIC:
        name = gettext("%(rule)s, not supported", rule=name)
    if node.certainty == Certainty.CONSISTENT_WITH:
        return gettext("Consistent with %(rule)s", rule=name)
    if node.certainty == Certainty.PROVED:
        return gettext("%(rule)s (proved with two requesters)", rule=name)
    return name


def bypassed_words(nodes: Sequence[Node]) -> tuple[str, ...]:
    """Name those who would not be asked at ``nodes``: people, or the rule that finds others for every requester."""
    return tuple(dict.fromkeys(words for node in nodes for words in _bypassed_at(node)))


def names_words(names: str) -> str:
    """Return names, joined by commas, as people read them: a node without people and name has its rule's."""
    return ", ".join(_name_words(each) for each in names.split(", "))


def _name_words(name: str) -> str:
    if name not in set(NodeRule):
        return name
    rule = NodeRule(name)
    return _who_conditions_lead_to() if rule in _BRANCHINGS else str(RULES[rule])


def _who_conditions_lead_to() -> str:
    return gettext("whoever the conditions of the flow lead to")


def _verdict_sentence(verdict: FlowVerdict) -> str:
    if verdict.kind == VerdictKind.FULL_FLOW:
        return gettext(
            "The flow runs as it was designed in DingTalk: requesters choose at “Selected by Initiator”, and "
            "everybody else in it is asked as well."
        )
    if any(reason.kind == ReasonKind.NO_CONCLUSION for reason in verdict.reasons):
        return gettext("Nothing can be said about the flow right now.")
    if verdict.kind == VerdictKind.NOT_USABLE:
        return gettext("No request can be started through this flow until it is mended in DingTalk.")
    if verdict.fills_nodes:
        return gettext(
            "One approver decides. The portal fills them in at “Selected by Initiator”, so the template's settings, "
            "such as countersigning, work as designed."
        )
    return gettext(
        "One approver decides. They are passed to DingTalk in place of the flow; advanced settings of the template, "
        "such as countersigning, may be lost."
    )


def _bypassed_at(node: Node) -> tuple[str, ...]:
    rule = str(RULES[node.rule])
    people = ", ".join(each.name for each in node.people)
    if node.rule in _BRANCHINGS and not people:
        return (_who_conditions_lead_to(),)
    if node.follows_requester and people:
        return (
            gettext(
                "whoever “%(node)s” finds for a requester (%(rule)s), such as %(people)s",
                node=node.name or rule,
                rule=rule,
                people=people,
            ),
        )
    if node.follows_requester:
        return (
            gettext("whoever “%(node)s” finds for a requester (%(rule)s)", node=node.name or rule, rule=rule),
        )
    if not node.people:
        return (gettext("“%(node)s” (%(rule)s)", node=node.name or rule, rule=rule),)
    return tuple(each.name for each in node.people)


def _people(node: Node) -> tuple[str, ...]:
    if node.rule == NodeRule.SELECTED_BY_INITIATOR:
        return (*(each.name for each in node.candidates), *(node.roles or {}).values())
    return tuple(each.name for each in node.people)


def _people_hint(node: Node) -> str:
    if node.rule == NodeRule.SELECTED_BY_INITIATOR:
        return gettext("Anybody may be chosen") if node.is_open_to_anybody else gettext("To choose from")
    if node.rule in _BRANCHINGS or node.rule in (NodeRule.AUTOMATIC, NodeRule.AUTOMATIC_REFUSAL):
        return ""
    if not node.people:
        return gettext("Nobody was found")
    return gettext("Found for the person looked at") if node.follows_requester else gettext("Is asked")
