"""The nodes of a template's flow: what is done there, by whom, and how sure we are of the rule that finds them."""

from __future__ import annotations

from collections.abc import Mapping
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
