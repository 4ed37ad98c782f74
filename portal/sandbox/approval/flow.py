"""The words of a flow: its nodes as the designer keeps them, and the steps they become for one request. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from dataclasses import field as defaulting
from enum import StrEnum
from typing import Any

START_ACTIVITY = "sid-startevent"


class Rule(StrEnum):
    """Who takes a node. The first three are those the portal's product supports."""

    SELECTED_BY_INITIATOR = "selected_by_initiator"
    SPECIFIED_MEMBERS = "specified_members"
    DIRECT_SUPERVISOR = "direct_supervisor"
    DEPARTMENT_HEAD = "department_head"
    HEAD_OF_FORM_DEPARTMENT = "head_of_form_department"
    INITIATOR = "initiator"
    ROLE = "role"
    ROLE_IN_LEVELS = "role_in_levels"
    FORM_CONTACT = "form_contact"
    MATRIX = "matrix"
    CONSECUTIVE_SUPERVISORS = "consecutive_supervisors"
    FORMULA = "formula"


SUPPORTED = (Rule.SELECTED_BY_INITIATOR, Rule.SPECIFIED_MEMBERS, Rule.DIRECT_SUPERVISOR)


class Actor(StrEnum):
    """What the people of a node do: decide, handle (DingTalk's ``audit``), or only read a copy."""

    APPROVER = "approver"
    HANDLER = "handler"
    NOTIFIER = "notifier"


class Mode(StrEnum):
    """All must agree, anybody may decide, or one after the other."""

    ALL = "all"
    ANY = "any"
    ONE_BY_ONE = "one_by_one"


class Decision(StrEnum):
    """Whether people decide at a node, or DingTalk does by itself."""

    MANUAL = "manual"
    AUTO_AGREE = "auto_agree"
    AUTO_REFUSE = "auto_refuse"


class IfNobody(StrEnum):
    """What happens when a rule finds nobody: the node is passed, or an OA administrator takes it."""

    PASS = "pass"  # noqa: S105
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of a designed flow.

    ``people`` are userids: the specified members, who a matrix or formula comes to, or who a select node starts
    with. ``range`` and ``roles`` are who may be selected (both empty: all staff); of a role rule ``roles`` are the
    roles. ``field`` is the form's contact or department field, by id or label. ``when`` puts the node on the path
    only while each field named has one of the values.
    """

    activity_id: str
    name: str
    rule: Rule
    actor: Actor = Actor.APPROVER
    mode: Mode = Mode.ALL
    people: list[str] = defaulting(default_factory=list)
    range: list[str] = defaulting(default_factory=list)
    roles: list[int] = defaulting(default_factory=list)
    level: int = 1
    field: str = ""
    when: dict[str, list[str]] = defaulting(default_factory=dict)
    decision: Decision = Decision.MANUAL
    if_nobody: IfNobody = IfNobody.PASS
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
    decision: Decision = Decision.MANUAL


def dump(nodes: Sequence[Node | Step]) -> list[dict[str, Any]]:
    """Plain dicts, for a JSON column."""
    return [asdict(node) for node in nodes]


def load(nodes: Sequence[Mapping[str, Any]]) -> list[Node]:
    """The reverse of ``dump`` for nodes; raises ``ValueError`` or ``TypeError`` for what is none."""
    return [Node(**_with_words(node, words=_NODE_WORDS)) for node in nodes]


def load_step(step: Mapping[str, Any]) -> Step:
    """The reverse of ``dump`` for one step."""
    return Step(**_with_words(step, words=_STEP_WORDS))


_STEP_WORDS: dict[str, type[StrEnum]] = {"actor": Actor, "mode": Mode, "decision": Decision}
_NODE_WORDS: dict[str, type[StrEnum]] = {**_STEP_WORDS, "rule": Rule, "if_nobody": IfNobody}


def _with_words(plain: Mapping[str, Any], *, words: Mapping[str, type[StrEnum]]) -> dict[str, Any]:
    return {name: words[name](value) if name in words else value for name, value in plain.items()}
