"""Who is passed to a start: the people chosen for the template's flow, or one approver in its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from portal.channels.approval_channel import StartOrder
from portal.channels.failures import ChannelError, OwnFailure, own_failure
from portal.dingtalk.instances import SelectedActioners
from portal.rules.approver_selection import (
    Chosen,
    RoleMembers,
    SelectionFault,
    allowed_at,
    check_selection,
    match_choices,
    nodes_to_choose,
    notified_nodes_to_fill,
)
from portal.rules.flow_proof import with_known_rules
from portal.rules.flow_rules import Node, NodePerson, NodeRule, VerdictKind, judge_flow

# What DingTalk answers when somebody edited the flow between the forecast and the start.
CHOICE_REFUSALS = frozenset({"approver_missing", "approver_out_of_range"})


@dataclass(frozen=True, kw_only=True)
class Filling:
    """``approver_user_ids`` replace the template's flow, ``selected`` fill its nodes: one of them is empty.

    ``is_chosen`` says that the requester chose; ``has_gap`` that a required node has no key to fill it by.
    """

    approver_user_ids: tuple[str, ...] = ()
    selected: tuple[SelectedActioners, ...] = ()
    is_chosen: bool = False
    has_gap: bool = False

    def telling(self, error: ChannelError) -> ChannelError:
        """Return what DingTalk's refusal means for this filling: to choose again, where that can help."""
        if error.failure.kind in CHOICE_REFUSALS and self.is_chosen and not self.has_gap:
            return ChannelError(replace(error.failure, kind=OwnFailure.CHOICE_REFUSED))
        return error


def fill_flow(order: StartOrder, nodes: tuple[Node, ...], *, role_members: RoleMembers) -> Filling:
    """Return whom a start through ``nodes``, freshly forecast, has to name.

    Raises ``ChannelError``: ``FLOW_NOT_USABLE``, ``BYPASS_NOT_ACKNOWLEDGED``, ``NOT_A_CANDIDATE``, or a failure
    of ``CHOOSE_AGAIN`` when the flow was changed since the requester chose.
    """
    nodes = with_known_rules(nodes, order.known)
    verdict = judge_flow(nodes)
    if verdict.kind == VerdictKind.NOT_USABLE:
        raise own_failure(OwnFailure.FLOW_NOT_USABLE)
    if unasked := verdict.beyond(order.acknowledged):
        raise own_failure(OwnFailure.BYPASS_NOT_ACKNOWLEDGED, people=", ".join(unasked))
    if not verdict.fills_nodes:
        chosen = dict.fromkeys(user_id for each in order.choices or () for user_id in each.user_ids)
        return Filling(approver_user_ids=tuple(chosen) or (order.approver_user_id,))
    if order.choices is None:
        selected = _by_policy(order, nodes)
    else:
        selected = _by_choice(order, order.choices, nodes, role_members)
    return Filling(
        selected=(*selected, *_copies(order, nodes)),
        is_chosen=order.choices is not None,
        has_gap=any(
            node.rule == NodeRule.SELECTED_BY_INITIATOR and node.is_required and not node.key
            for node in nodes
        ),
    )


def _by_policy(order: StartOrder, nodes: tuple[Node, ...]) -> tuple[SelectedActioners, ...]:
    to_choose = nodes_to_choose(nodes)
    wanted = [node for node in to_choose if node.is_required] or to_choose[:1]
    for node in wanted:
        if node.candidates and not node.roles and order.approver_user_id not in _ids(node.candidates):
            people = ", ".join(each.name for each in node.candidates)
            raise own_failure(OwnFailure.NOT_A_CANDIDATE, node=node.name, people=people)
    return tuple(_selected(node, (order.approver_user_id,)) for node in wanted)


def _by_choice(
    order: StartOrder, choices: tuple[Chosen, ...], nodes: tuple[Node, ...], role_members: RoleMembers
) -> tuple[SelectedActioners, ...]:
    to_choose = nodes_to_choose(nodes)
    found = match_choices(to_choose, choices)
    for node, chosen in zip(to_choose, found, strict=True):
        _check(order, node, chosen, role_members)
    return tuple(
        _selected(node, chosen.user_ids)
        for node, chosen in zip(to_choose, found, strict=True)
        if chosen is not None and chosen.user_ids
    )


def _check(order: StartOrder, node: Node, chosen: Chosen | None, role_members: RoleMembers) -> None:
    user_ids = chosen.user_ids if chosen else ()
    allowed = allowed_at(node, role_members) if user_ids else None
    fault = check_selection(node, user_ids, requester_user_id=order.requester_user_id, allowed=allowed)
    if fault == SelectionFault.MISSING:
        raise own_failure(OwnFailure.CHOICE_MISSING, node=node.name)
    if fault is not None:
        names = ", ".join(chosen.names if chosen else ())
        raise own_failure(OwnFailure.CHOICE_NOT_ALLOWED, node=node.name, people=names)


def _copies(order: StartOrder, nodes: tuple[Node, ...]) -> tuple[SelectedActioners, ...]:
    """A copy that the flow insists on goes to the approver, or to the first who may get it.

    Where DingTalk gives such a node no key it cannot be filled: ``ccList`` counts only beside ``approvers``.
    """
    return tuple(
        _selected(node, (_copied(node, order.approver_user_id),)) for node in notified_nodes_to_fill(nodes)
    )


def _copied(node: Node, approver_user_id: str) -> str:
    listed = _ids(node.candidates)
    return approver_user_id if not listed or approver_user_id in listed else listed[0]


def _selected(node: Node, user_ids: tuple[str, ...]) -> SelectedActioners:
    return SelectedActioners(actor_key=node.key or "", user_ids=user_ids)


def _ids(people: Iterable[NodePerson]) -> list[str]:
    return [each.user_id for each in people]
