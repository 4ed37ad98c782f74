"""Who decides about a request as it was submitted: chosen by the requester, or named by the flow or the policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portal.models import Approval, ApprovalDecider
from portal.rules.approval_state import ApprovalState
from portal.rules.flow_rules import Certainty, NodeRule
from portal.services.templates.template_flow import confirmed_nodes
from portal.web.words.approvers import approver_reason
from portal.web.words.flow import RULES


@dataclass(frozen=True, kw_only=True)
class DecidingLine:
    """The people of one node and ``why`` they decide; ``node`` is its name, empty where there is no flow."""

    people: tuple[str, ...]
    why: str
    node: str = ""


def who_decides(approval: Approval) -> tuple[DecidingLine, ...]:
    """Return a line for each node of the flow that names somebody; whoever joined later stands in the timeline."""
    lines = tuple(_lines(approval)) if approval.chosen_approvers is not None else ()
    if lines:
        return lines
    absent = approval.stands_in_for.name if approval.stands_in_for else ""
    why = approver_reason(approval.approver_reason, absent)
    return (DecidingLine(people=(approval.approver.name,), why=why),)


def first_deciders(approvals: Sequence[Approval]) -> tuple[str, ...]:
    """Return who was chosen, else the policy's approver: what a list has room for."""
    names: list[str] = []
    for approval in approvals:
        if approval.state == ApprovalState.ESCALATED:
            continue  # whoever was asked instead is named
        chosen = [name for choice in approval.chosen_approvers or () for name in choice["names"]]
        names += chosen or [approval.approver.name]
    return tuple(dict.fromkeys(names))


def _lines(approval: Approval) -> Iterator[DecidingLine]:
    for choice in approval.chosen_approvers or ():
        if choice["names"]:
            why = approver_reason(approval.approver_reason)
            yield DecidingLine(people=tuple(choice["names"]), why=why, node=choice["node_name"])
    nodes: dict[tuple[str, str], list[ApprovalDecider]] = {}
    for row in approval.deciders:
        if row.rule and row.rule != NodeRule.SELECTED_BY_INITIATOR and row.person_name:
            nodes.setdefault((row.node_name, row.rule), []).append(row)
    for (node_name, rule), rows in nodes.items():
        people = tuple(row.person_name for row in rows)
        yield DecidingLine(people=people, why=_rule(approval, node_name, rule), node=node_name)


def _rule(approval: Approval, node_name: str, rule: str) -> str:
    """Name the rule; one that only fits what was seen is not claimed."""
    is_a_guess = any(
        (node.name, node.rule) == (node_name, rule) and node.certainty == Certainty.CONSISTENT_WITH
        for node in confirmed_nodes(approval.template)
    )
    known = NodeRule(rule) if rule in set(NodeRule) and not is_a_guess else NodeRule.RESOLVED
    return str(RULES[known])
