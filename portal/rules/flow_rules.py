"""From the nodes of a template's flow to how approvals may run through it.

Source: the product's help page (supported rules; Selected by Initiator is required), DingTalk's forecast and, where
the organisation has OA premium, its ``processConfig``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from portal.rules.flow_nodes import (
    SUPPORTED_RULES,
    Certainty,
    Node,
    NodeMode,
    NodePerson,
    NodeRule,
    NodeTask,
)

__all__ = [
    "NO_CONCLUSION",
    "SUPPORTED_RULES",
    "Certainty",
    "FlowMode",
    "FlowReason",
    "FlowVerdict",
    "Node",
    "NodeMode",
    "NodePerson",
    "NodeRule",
    "NodeTask",
    "ReasonKind",
    "VerdictKind",
    "judge_flow",
]


class FlowMode(StrEnum):
    """How an approval runs through this flow."""

    PEER_TO_PEER = "peer_to_peer"
    FULL_FLOW = "full_flow"


class VerdictKind(StrEnum):
    """What a flow is good for. ``PEER_TO_PEER`` is one approver only, chosen by the portal."""

    FULL_FLOW = "full_flow"
    PEER_TO_PEER = "peer_to_peer"
    NOT_USABLE = "not_usable"


class ReasonKind(StrEnum):
    """Why a verdict is what it is; the last two are worth knowing and decide nothing."""

    NO_CONCLUSION = "no_conclusion"
    REFUSES_BY_ITSELF = "refuses_by_itself"
    CHOICE_CANNOT_BE_FILLED = "choice_cannot_be_filled"
    NO_CHOICE = "no_choice"
    RULE_NOT_SUPPORTED = "rule_not_supported"
    NO_APPROVERS = "no_approvers"
    NOBODY_FOUND = "nobody_found"
    AGREES_BY_ITSELF = "agrees_by_itself"


@dataclass(frozen=True, kw_only=True)
class FlowReason:
    """One reason; ``node`` is the node that it is about, where it is about one."""

    kind: ReasonKind
    node: Node | None = None


@dataclass(frozen=True, kw_only=True)
class FlowVerdict:
    """``fills_nodes`` false means the approver is passed instead of the flow; ``passed_over`` are the nodes whose
    people lose by that. A flow that is ``NOT_USABLE`` must not be started, whatever ``mode`` says."""

    kind: VerdictKind
    mode: FlowMode
    fills_nodes: bool
    passed_over: tuple[Node, ...] = ()
    reasons: tuple[FlowReason, ...] = ()

    @property
    def bypassed(self) -> tuple[str, ...]:
        """By name who would not be asked: people, else the node that nobody was found for."""
        return tuple(dict.fromkeys(name for node in self.passed_over for name in node.names))

    @property
    def consent(self) -> tuple[str, ...]:
        """What an admin accepts: names, and the nodes whose people are others for every requester."""
        return (*self.bypassed, *(_token(node) for node in self.passed_over if node.follows_requester))

    def beyond(self, accepted: Collection[str]) -> tuple[str, ...]:
        """Name those who would not be asked although no admin accepted that (an earlier ``consent``)."""
        nodes = self.nodes_beyond(accepted)
        return tuple(dict.fromkeys(name for node in nodes for name in node.names if name not in accepted))

    def nodes_beyond(self, accepted: Collection[str]) -> tuple[Node, ...]:
        """Return the nodes at which somebody would not be asked although no admin accepted that."""
        return tuple(
            node
            for node in self.passed_over
            if not (node.id and _token(node) in accepted) and not set(node.names) <= set(accepted)
        )


# What may be said where DingTalk could not work the flow out.
NO_CONCLUSION = FlowVerdict(
    kind=VerdictKind.NOT_USABLE,
    mode=FlowMode.PEER_TO_PEER,
    fills_nodes=False,
    reasons=(FlowReason(kind=ReasonKind.NO_CONCLUSION),),
)


def judge_flow(nodes: tuple[Node, ...]) -> FlowVerdict:
    """Return how approvals run through ``nodes``.

    With a Selected by Initiator node and supported rules only, the flow runs as designed. Else only peer to peer
    works, and the people in the flow are passed over (the product's help page; DingTalk: ``approvers`` replaces the
    flow, create-an-approval-instance).
    """
    deciding = [node for node in nodes if node.task != NodeTask.BE_NOTIFIED]
    has_choice = any(node.rule == NodeRule.SELECTED_BY_INITIATOR and node.key for node in deciding)
    is_supported = all(node.rule in _HARMLESS for node in deciding)
    designed = [node for node in deciding if node.rule not in _WITHOUT_PEOPLE]
    choices = [node for node in deciding if node.rule == NodeRule.SELECTED_BY_INITIATOR]
    fills_nodes = has_choice and is_supported
    is_full = fills_nodes and bool(designed or len(choices) > 1)
    mode = FlowMode.FULL_FLOW if is_full else FlowMode.PEER_TO_PEER
    fatal = tuple(_reasons_against(choices, deciding))
    shortcomings = () if fatal or fills_nodes else _reasons_for_peer_to_peer(deciding, has_choice=has_choice)
    reasons = (*fatal, *shortcomings, *_remarks(deciding))
    return FlowVerdict(
        kind=VerdictKind.NOT_USABLE if fatal else VerdictKind(mode.value),
        mode=mode,
        fills_nodes=fills_nodes,
        passed_over=() if fills_nodes else tuple(designed),
        reasons=reasons,
    )


_WITHOUT_PEOPLE = frozenset(
    {NodeRule.SELECTED_BY_INITIATOR, NodeRule.AUTOMATIC, NodeRule.AUTOMATIC_REFUSAL, NodeRule.PARALLEL}
)
_HARMLESS = SUPPORTED_RULES | {NodeRule.AUTOMATIC, NodeRule.AUTOMATIC_REFUSAL}


def _reasons_against(choices: list[Node], deciding: list[Node]) -> Iterator[FlowReason]:
    for node in deciding:
        if node.rule == NodeRule.AUTOMATIC_REFUSAL:
            yield FlowReason(kind=ReasonKind.REFUSES_BY_ITSELF, node=node)
    for node in choices:
        if node.is_required and not node.key:
            yield FlowReason(kind=ReasonKind.CHOICE_CANNOT_BE_FILLED, node=node)


def _reasons_for_peer_to_peer(deciding: list[Node], *, has_choice: bool) -> Iterator[FlowReason]:
    is_designed = any(node.rule not in _WITHOUT_PEOPLE for node in deciding)
    if not has_choice:
        yield FlowReason(kind=ReasonKind.NO_CHOICE if is_designed else ReasonKind.NO_APPROVERS)
    for node in deciding:
        if node.rule not in _HARMLESS:
            yield FlowReason(kind=ReasonKind.RULE_NOT_SUPPORTED, node=node)


def _remarks(deciding: list[Node]) -> Iterator[FlowReason]:
    for node in deciding:
        if node.rule == NodeRule.AUTOMATIC:
            yield FlowReason(kind=ReasonKind.AGREES_BY_ITSELF, node=node)
        elif node.rule in _FINDING_PEOPLE and not node.people:
            yield FlowReason(kind=ReasonKind.NOBODY_FOUND, node=node)


_FINDING_PEOPLE = frozenset(NodeRule) - _WITHOUT_PEOPLE - {NodeRule.CONDITION}


def _token(node: Node) -> str:
    return f"node:{node.id}"
