"""Making a flow: what the designer's page and the control API may say of a node, checked.

Ids of nodes and keys of self-select nodes are made anew whenever a flow is saved, as in DingTalk.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from portal.sandbox.approval.flow import Actor, Node, Rule, load
from portal.sandbox.settings import DefaultFlow
from portal.sandbox.shapes import are_texts, is_number

HIGHEST_LEVEL = 20
MADE_HERE = {"activity_id", "actor_key"}
# Rules that come to nothing by themselves: the people, roles or the form's field must be told.
NEEDS_PEOPLE = (Rule.SPECIFIED_MEMBERS, Rule.MATRIX, Rule.FORMULA)
NEEDS_ROLES = (Rule.ROLE, Rule.ROLE_IN_LEVELS)
NEEDS_FIELD = (Rule.FORM_CONTACT, Rule.HEAD_OF_FORM_DEPARTMENT)


class FlowRefused(ValueError):
    """A designed flow that cannot be.

    ``problem`` is ``not_a_node``, ``members_missing``, ``roles_missing`` or ``field_missing``.
    """

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(message)
        self.problem = problem


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


def design(nodes: Sequence[Any]) -> list[Node]:
    """Make nodes from plain mappings (``Node``'s fields without ids and keys); raises ``FlowRefused``."""
    return [_designed(node) for node in nodes]


def rekeyed(nodes: Sequence[Node]) -> list[Node]:
    """The same flow as if saved again: new node ids and keys."""
    return [_with_fresh_keys(node) for node in nodes]


def _designed(node: Any) -> Node:
    if not isinstance(node, Mapping):
        raise FlowRefused("not_a_node", "a node must be an object")
    known = {each.name for each in fields(Node)}
    unknown = set(node) - known
    if unknown:
        raise FlowRefused("not_a_node", f"unknown in a node: {', '.join(sorted(unknown))}")
    given = {name: value for name, value in node.items() if name not in MADE_HERE}
    try:
        made = load([{"activity_id": "", "name": "审批人", **given}])[0]
    except (TypeError, ValueError) as error:
        raise FlowRefused("not_a_node", f"not a node: {error}") from error
    if not _holds_right_types(made):
        message = (
            "name and field are texts, people and range are lists of userids, roles a list of role ids, level a "
            "number from 1 to 20, when maps fields to lists of texts, multi and required are switches"
        )
        raise FlowRefused("not_a_node", message)
    _check_named(made)
    return _with_fresh_keys(made)


def _holds_right_types(node: Node) -> bool:
    return (
        isinstance(node.multi, bool)
        and isinstance(node.required, bool)
        and isinstance(node.name, str)
        and isinstance(node.field, str)
        and are_texts(node.people)
        and are_texts(node.range)
        and isinstance(node.roles, list)
        and all(is_number(number) for number in node.roles)
        and is_number(node.level, lowest=1, highest=HIGHEST_LEVEL)
        and isinstance(node.when, dict)
        and all(isinstance(name, str) and are_texts(values) for name, values in node.when.items())
    )


def _check_named(node: Node) -> None:
    if node.rule in NEEDS_PEOPLE and not node.people:
        raise FlowRefused("members_missing", f"{node.rule} needs at least one person in people")
    if node.rule in NEEDS_ROLES and not node.roles:
        raise FlowRefused("roles_missing", f"{node.rule} needs at least one role in roles")
    if node.rule in NEEDS_FIELD and not node.field:
        raise FlowRefused("field_missing", f"{node.rule} needs the form's field")


def _with_fresh_keys(node: Node) -> Node:
    activity_id = f"{secrets.token_hex(2)}_{secrets.token_hex(2)}"
    # DingTalk's self-select notifier nodes may come without a key.
    wants_key = node.rule is Rule.SELECTED_BY_INITIATOR and node.actor is not Actor.NOTIFIER
    key = f"manual_{activity_id}_{secrets.token_hex(2)}_{secrets.token_hex(2)}" if wants_key else ""
    return replace(node, activity_id=activity_id, actor_key=key)
