"""Flows as the designer makes them, and the steps they become for one requester. Pure.

Keys of self-select nodes are made anew when a flow is edited, as in DingTalk.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from portal.sandbox.settings import DefaultFlow
from portal.sandbox.shapes import are_texts

START_ACTIVITY = "sid-startevent"


class Rule(StrEnum):
    """Who takes a node: Selected by Initiator, Specified Members, Direct Supervisor."""

    SELECTED_BY_INITIATOR = "selected_by_initiator"
    SPECIFIED_MEMBERS = "specified_members"
    DIRECT_SUPERVISOR = "direct_supervisor"


class Actor(StrEnum):
    """What the people of a node do: decide, or only read a copy."""

    APPROVER = "approver"
    NOTIFIER = "notifier"


class Mode(StrEnum):
    """All must agree, anybody may decide, or one after the other."""

    ALL = "all"
    ANY = "any"
    ONE_BY_ONE = "one_by_one"


class FlowRefused(ValueError):
    """A designed flow that cannot be; ``problem`` is ``not_a_node`` or ``members_missing``."""

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(message)
        self.problem = problem


@dataclass(frozen=True, kw_only=True)
class Node:
    """``people`` are the specified members, ``range`` who may be selected (empty: all staff), both userids."""

    activity_id: str
    name: str
    rule: Rule
    actor: Actor = Actor.APPROVER
    mode: Mode = Mode.ALL
    people: list[str] = field(default_factory=list)
    range: list[str] = field(default_factory=list)
    multi: bool = True
    required: bool = True
    actor_key: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A node with its people, for one instance."""

    activity_id: str
    name: str
    actor: Actor
    mode: Mode
    userids: list[str]


def default_flow(kind: DefaultFlow) -> list[Node]:
    """What a template made by the API starts with, by the sandbox's setting."""
    if kind is DefaultFlow.EMPTY:
        return []
    approver = {"name": "审批人", "rule": Rule.SELECTED_BY_INITIATOR}
    notifier = {
        "name": "抄送人",
        "rule": Rule.SELECTED_BY_INITIATOR,
        "actor": Actor.NOTIFIER,
        "required": False,
    }
    return design([approver, notifier])


def design(nodes: Sequence[Mapping[str, Any]]) -> list[Node]:
    """Make nodes from plain mappings (``Node``'s fields without ids and keys); raises ``FlowRefused``."""
    return [_designed(node) for node in nodes]


def rekeyed(nodes: Sequence[Node]) -> list[Node]:
    """The same flow as if saved again: new node ids and keys."""
    return [_with_fresh_keys(node) for node in nodes]


def dump(nodes: Sequence[Node | Step]) -> list[dict[str, Any]]:
    """Plain dicts, for a JSON column."""
    return [asdict(node) for node in nodes]


def load(nodes: Sequence[Mapping[str, Any]]) -> list[Node]:
    """The reverse of ``dump`` for nodes."""
    return [
        Node(
            **{
                **node,
                "rule": Rule(node["rule"]),
                "actor": Actor(node["actor"]),
                "mode": Mode(node["mode"]),
            }
        )
        for node in nodes
    ]


def load_step(step: Mapping[str, Any]) -> Step:
    """The reverse of ``dump`` for one step."""
    return Step(**{**step, "actor": Actor(step["actor"]), "mode": Mode(step["mode"])})


def resolve(
    nodes: Sequence[Node], *, manager_userid: str | None, selected: Callable[[Node], list[str]]
) -> list[Step]:
    """The steps for one requester; ``selected`` gives the people chosen for a self-select node."""
    steps = []
    for node in nodes:
        if node.rule is Rule.SELECTED_BY_INITIATOR:
            userids = selected(node)
        else:
            userids = resolved_people(node, manager_userid=manager_userid)
        steps.append(
            Step(
                activity_id=node.activity_id,
                name=node.name,
                actor=node.actor,
                mode=node.mode,
                userids=userids,
            )
        )
    return steps


def resolved_people(node: Node, *, manager_userid: str | None) -> list[str]:
    """Who a node that nobody selects is taken by; empty when there is no supervisor."""
    if node.rule is Rule.SPECIFIED_MEMBERS:
        return list(node.people)
    if node.rule is Rule.DIRECT_SUPERVISOR and manager_userid:
        return [manager_userid]
    return []


def _designed(node: Mapping[str, Any]) -> Node:
    if not isinstance(node, Mapping):
        raise FlowRefused("not_a_node", "a node must be an object")
    known = {"name", "rule", "actor", "mode", "people", "range", "multi", "required"}
    unknown = set(node) - known - {"activity_id", "actor_key"}
    if unknown:
        raise FlowRefused("not_a_node", f"unknown in a node: {', '.join(sorted(unknown))}")
    try:
        made = load(
            [
                {
                    "activity_id": "",
                    "name": "审批人",
                    "actor": Actor.APPROVER,
                    "mode": Mode.ALL,
                    **{key: value for key, value in node.items() if key in known},
                    "rule": node["rule"],
                }
            ]
        )[0]
    except (KeyError, ValueError) as error:
        raise FlowRefused("not_a_node", f"not a node: {error}") from error
    if not _holds_right_types(made):
        message = "name is a text, people and range are lists of userids, multi and required are switches"
        raise FlowRefused("not_a_node", message)
    if made.rule is Rule.SPECIFIED_MEMBERS and not made.people:
        raise FlowRefused("members_missing", "Specified Members needs at least one person")
    return _with_fresh_keys(made)


def _holds_right_types(node: Node) -> bool:
    switches = isinstance(node.multi, bool) and isinstance(node.required, bool)
    return isinstance(node.name, str) and are_texts(node.people) and are_texts(node.range) and switches


def _with_fresh_keys(node: Node) -> Node:
    first, second = secrets.token_hex(2), secrets.token_hex(2)
    activity_id = f"{first}_{second}"
    # DingTalk's self-select notifier nodes may come without a key.
    wants_key = node.rule is Rule.SELECTED_BY_INITIATOR and node.actor is Actor.APPROVER
    key = f"manual_{activity_id}_{secrets.token_hex(2)}_{secrets.token_hex(2)}" if wants_key else ""
    return replace(node, activity_id=activity_id, actor_key=key)
