"""From the nodes of a template's flow to how approvals may run through it.

Source: the product's help page (supported rules; Selected by Initiator is required), DingTalk's forecast and, where
the organisation has OA premium, its ``processConfig``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class NodeRule(StrEnum):
    """How a node finds its people. The first three are supported; ``RESOLVED`` means DingTalk named people
    without saying by which rule, ``UNKNOWN`` a rule that we have no word for. ``CONDITION`` and ``PARALLEL`` stand
    for a branching of the flow, ``AUTOMATIC`` for a node that agrees by itself."""

    SELECTED_BY_INITIATOR = "selected_by_initiator"
    SPECIFIED_MEMBERS = "specified_members"
    DIRECT_SUPERVISOR = "direct_supervisor"
    RESOLVED = "resolved"
    DEPARTMENT_HEAD = "department_head"
    HEAD_OF_FORM_DEPARTMENT = "head_of_form_department"
    INITIATOR = "initiator"
    ROLE = "role"
    ROLE_IN_LEVELS = "role_in_levels"
    FORM_CONTACT = "form_contact"
    MATRIX = "matrix"
    CONSECUTIVE_SUPERVISORS = "consecutive_supervisors"
    FORMULA = "formula"
    CONDITION = "condition"
    PARALLEL = "parallel"
    AUTOMATIC = "automatic"
    AUTOMATIC_REFUSAL = "automatic_refusal"
    UNKNOWN = "unknown"


SUPPORTED_RULES = frozenset(
    {
        NodeRule.SELECTED_BY_INITIATOR,
        NodeRule.SPECIFIED_MEMBERS,
        NodeRule.DIRECT_SUPERVISOR,
        NodeRule.RESOLVED,
    }
)

# Who decides at these differs from requester to requester, so that nobody can be named beforehand.
_FOLLOWING_THE_REQUESTER = frozenset(
    {
        NodeRule.DIRECT_SUPERVISOR,
        NodeRule.DEPARTMENT_HEAD,
        NodeRule.HEAD_OF_FORM_DEPARTMENT,
        NodeRule.INITIATOR,
        NodeRule.ROLE_IN_LEVELS,
        NodeRule.FORM_CONTACT,
        NodeRule.MATRIX,
        NodeRule.CONSECUTIVE_SUPERVISORS,
        NodeRule.FORMULA,
        NodeRule.CONDITION,
        NodeRule.UNKNOWN,
    }
)


class Certainty(StrEnum):
    """How sure we are of a node's rule: told by DingTalk, proved by comparing two requesters, or only fitting."""

    TOLD = "told"
    PROVED = "proved"
    CONSISTENT_WITH = "consistent_with"


class NodeTask(StrEnum):
    """What people at a node do."""

    APPROVE = "approve"
    HANDLE = "handle"
    BE_NOTIFIED = "be_notified"


class NodeMode(StrEnum):
    """How several people at a node decide."""

    ALL = "all"
    ANY = "any"
    ONE_BY_ONE = "one_by_one"


@dataclass(frozen=True, kw_only=True)
class NodePerson:
    """Somebody named by a node, by the channel's own id."""

    user_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of a flow.

    ``key`` fills a Selected by Initiator node; ``candidates`` (people) and ``roles`` (role id to name) limit whom
    the requester may choose there, both empty means anybody. ``people`` are those the channel found already.
    ``told`` is the channel's own word for the rule, for sentences about rules that we have no word for.
    """

    id: str = ""
    name: str
    task: NodeTask
    rule: NodeRule
    certainty: Certainty = Certainty.TOLD
    mode: NodeMode | None = None
    key: str | None = None
    is_required: bool = False
    allows_several: bool = False
    candidates: tuple[NodePerson, ...] = ()
    roles: Mapping[str, str] | None = None
    people: tuple[NodePerson, ...] = ()
    told: str = ""

    @property
    def is_open_to_anybody(self) -> bool:
        """Whether the requester may choose any active member of the organisation here."""
        return not self.candidates and not self.roles

    @property
    def follows_requester(self) -> bool:
        """Whether it is certain that others than ``people`` decide here when somebody else asks."""
        return self.rule in _FOLLOWING_THE_REQUESTER and self.certainty != Certainty.CONSISTENT_WITH

    @property
    def names(self) -> tuple[str, ...]:
        """Who is meant: the people found, else the node itself."""
        return tuple(each.name for each in self.people) or (self.name or self.rule.value,)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read a stored node; those stored by earlier versions held the names of people only."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        rule = "resolved" if stored["rule"] == "fixed" else stored["rule"]
        mode = stored.get("mode")
        return cls(
            **{
                **known,
                "task": NodeTask(stored["task"]),
                "rule": NodeRule(rule) if rule in set(NodeRule) else NodeRule.UNKNOWN,
                "certainty": Certainty(stored.get("certainty", Certainty.TOLD)),
                "mode": NodeMode(mode) if mode else None,
                "candidates": _people(stored.get("candidates", ())),
                "people": _people(stored.get("people", ())),
            }
        )


def _people(stored: Any) -> tuple[NodePerson, ...]:
    return tuple(
        NodePerson(user_id="", name=each) if isinstance(each, str) else NodePerson(**each) for each in stored
    )


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
