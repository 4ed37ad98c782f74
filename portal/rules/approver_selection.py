"""Whom a requester may choose at the nodes of a flow, and which node of today an earlier choice belongs to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from portal.rules.flow_rules import Node, NodePerson, NodeRule, NodeTask

RoleMembers = Callable[[str], tuple[NodePerson, ...]]


class SelectionFault(StrEnum):
    """Why a choice cannot stand."""

    MISSING = "missing"
    YOURSELF = "yourself"
    NOT_A_CANDIDATE = "not_a_candidate"
    ONLY_ONE = "only_one"
    TOO_MANY = "too_many"


# DingTalk names no limit for one node; this one keeps a tampered form from naming the whole company.
MOST_PEOPLE = 20


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Whom a requester chose at one node, with the node's limits as they were then: they tell it again later.

    ``user_ids`` is empty where an optional node was left open. ``index`` counts the nodes to choose at, from 0.
    """

    node_id: str
    node_name: str
    index: int
    user_ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    is_required: bool = True
    allows_several: bool = True
    candidates: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        lists = {name: list(getattr(self, name)) for name in _LISTS}
        return {name: lists.get(name, getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        known: dict[str, Any] = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        return cls(**known | {name: tuple(known[name]) for name in _LISTS if name in known})


_LISTS = ("user_ids", "names", "candidates", "roles")


def nodes_to_choose(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Return the nodes at which the requester chooses who decides, in the order of the flow.

    A node without a key cannot be filled (DingTalk: ``targetSelectActioners`` goes by it).
    """
    return tuple(
        node
        for node in nodes
        if node.rule == NodeRule.SELECTED_BY_INITIATOR and node.task != NodeTask.BE_NOTIFIED and node.key
    )


def notified_nodes_to_fill(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Return the Selected by Initiator nodes for copies that a start has to fill, and can."""
    return tuple(
        node
        for node in nodes
        if node.rule == NodeRule.SELECTED_BY_INITIATOR
        and node.task == NodeTask.BE_NOTIFIED
        and node.is_required
        and node.key
    )


def chosen_at(node: Node, index: int, people: Mapping[str, str]) -> Chosen:
    """Return what is kept of a choice: ``people`` are user ids and names."""
    return Chosen(
        node_id=node.id,
        node_name=node.name,
        index=index,
        user_ids=tuple(people),
        names=tuple(people.values()),
        **_limits(node),
    )


def allowed_at(node: Node, role_members: RoleMembers) -> dict[str, str] | None:
    """Return who may be chosen at a node (user ids and names), None where anybody may be."""
    if node.is_open_to_anybody:
        return None
    listed = {each.user_id: each.name for each in node.candidates}
    for role_id in node.roles or ():
        listed |= {each.user_id: each.name for each in role_members(role_id)}
    return listed


def check_selection(
    node: Node, user_ids: Sequence[str], *, requester_user_id: str, allowed: Collection[str] | None
) -> SelectionFault | None:
    """Return why ``user_ids`` cannot be chosen at ``node``, or None.

    ``allowed`` are the candidates with the members of the node's roles, None where anybody may be chosen. Nobody
    decides about their own request, even where a list names them.
    """
    if not user_ids:
        return SelectionFault.MISSING if node.is_required else None
    if requester_user_id in user_ids:
        return SelectionFault.YOURSELF
    if len(user_ids) > 1 and not node.allows_several:
        return SelectionFault.ONLY_ONE
    if len(user_ids) > MOST_PEOPLE:
        return SelectionFault.TOO_MANY
    if allowed is not None and not set(user_ids) <= set(allowed):
        return SelectionFault.NOT_A_CANDIDATE
    return None


def match_choices(nodes: Sequence[Node], chosen: Sequence[Chosen]) -> tuple[Chosen | None, ...]:
    """Return for each of ``nodes`` (those to choose at) the choice that was made for it, or None.

    A node is known by its id. DingTalk gives new ids when a flow is saved again; then a node is the same when all
    nodes to choose at are the same in number, name and limits, or when nothing else has its name and limits.
    """
    by_id = {each.node_id: each for each in chosen if each.node_id}
    found = [by_id.pop(node.id, None) for node in nodes]
    if not any(found) and [_look_of(node) for node in nodes] == [_look_then(each) for each in chosen]:
        return tuple(chosen)
    looks_now = [_look_of(node) for node, choice in zip(nodes, found, strict=True) if choice is None]
    looks_then = [_look_then(each) for each in by_id.values()]
    left = {_look_then(each): each for each in by_id.values()}
    return tuple(
        choice
        or (
            left.get(_look_of(node))
            if looks_now.count(_look_of(node)) == looks_then.count(_look_of(node)) == 1
            else None
        )
        for node, choice in zip(nodes, found, strict=True)
    )


def _limits(node: Node) -> dict[str, Any]:
    return {
        "is_required": node.is_required,
        "allows_several": node.allows_several,
        "candidates": tuple(sorted(each.user_id for each in node.candidates)),
        "roles": tuple(sorted(node.roles or {})),
    }


def _look_of(node: Node) -> tuple[object, ...]:
    return (node.name, *_limits(node).values())


def _look_then(chosen: Chosen) -> tuple[object, ...]:
    return (
        chosen.node_name,
        chosen.is_required,
        chosen.allows_several,
        tuple(sorted(chosen.candidates)),
        tuple(sorted(chosen.roles)),
    )
