"""What has changed in a flow since an admin confirmed it. Pure.

Saving a flow in DingTalk gives its nodes new ids and keys: that alone is no change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, Self

from portal.rules.flow_rules import Certainty, Node, NodePerson, NodeRule


class FlowChangeKind(StrEnum):
    """What is different now."""

    NODE_ADDED = "node_added"
    NODE_REMOVED = "node_removed"
    NODES_MOVED = "nodes_moved"
    RULE_CHANGED = "rule_changed"
    TASK_CHANGED = "task_changed"
    MODE_CHANGED = "mode_changed"
    PEOPLE_CHANGED = "people_changed"
    CANDIDATES_CHANGED = "candidates_changed"
    CHOICE_CHANGED = "choice_changed"
    PASSES_OVER_OTHERS = "passes_over_others"


@dataclass(frozen=True, kw_only=True)
class FlowChange:
    """One change; ``node`` is the node's name. ``before`` and ``after`` hold names of people, or one rule, task or
    mode by its code; for an added or removed node its rule and people."""

    kind: FlowChangeKind
    node: str = ""
    rule: NodeRule | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            kind=FlowChangeKind(stored["kind"]),
            node=stored["node"],
            rule=NodeRule(stored["rule"]) if stored["rule"] else None,
            before=tuple(stored["before"]),
            after=tuple(stored["after"]),
        )


def flow_changes(before: tuple[Node, ...], after: tuple[Node, ...]) -> tuple[FlowChange, ...]:
    """Compare the confirmed nodes with those of now, in the order in which they stand now."""
    pairs = _paired(before, after)
    removed = [old for index, old in enumerate(before) if index not in pairs.values()]
    changes: list[FlowChange] = []
    for index, node in enumerate(after):
        if index not in pairs:
            changes.append(
                FlowChange(
                    kind=FlowChangeKind.NODE_ADDED, node=node.name, rule=node.rule, after=_names(node.people)
                )
            )
        else:
            changes += _differences(before[pairs[index]], node)
    changes += [
        FlowChange(kind=FlowChangeKind.NODE_REMOVED, node=old.name, rule=old.rule, before=_names(old.people))
        for old in removed
    ]
    order = [pairs[index] for index in range(len(after)) if index in pairs]
    if any(later < earlier for earlier, later in pairwise(order)):
        changes.append(FlowChange(kind=FlowChangeKind.NODES_MOVED, after=tuple(node.name for node in after)))
    return tuple(changes)


def _paired(before: tuple[Node, ...], after: tuple[Node, ...]) -> dict[int, int]:
    """Return which confirmed node each node of now is: by id, else by what it is, in order."""
    ways: tuple[Callable[[Node], Hashable], ...] = (
        lambda node: node.id or None,
        lambda node: (node.name, node.task, _kind(node), _ids(node.people)),
        lambda node: (node.name, node.task, _kind(node)),
        lambda node: (node.name, node.task),
        lambda node: (node.task, _kind(node)),
    )
    pairs: dict[int, int] = {}
    for way in ways:
        for index, node in enumerate(after):
            sign = way(node)
            if index in pairs or sign is None:
                continue
            free = (each for each in range(len(before)) if each not in pairs.values())
            found = next((each for each in free if way(before[each]) == sign), None)
            if found is not None:
                pairs[index] = found
    return pairs


def _kind(node: Node) -> NodeRule:
    """Take rules that DingTalk does not always tell apart for one."""
    return node.rule if node.rule in _PLAIN_TO_SEE else NodeRule.RESOLVED


_PLAIN_TO_SEE = frozenset(
    {
        NodeRule.SELECTED_BY_INITIATOR,
        NodeRule.AUTOMATIC,
        NodeRule.AUTOMATIC_REFUSAL,
        NodeRule.CONDITION,
        NodeRule.PARALLEL,
    }
)


def _differences(old: Node, new: Node) -> Iterator[FlowChange]:
    def change(kind: FlowChangeKind, before: tuple[str, ...], after: tuple[str, ...]) -> FlowChange:
        return FlowChange(kind=kind, node=new.name, rule=new.rule, before=before, after=after)

    if old.task != new.task:
        yield change(FlowChangeKind.TASK_CHANGED, (old.task.value,), (new.task.value,))
    if _is_another_rule(old, new):
        yield change(FlowChangeKind.RULE_CHANGED, (old.rule.value,), (new.rule.value,))
    elif _names_fixed_people(old, new) and _ids(old.people) != _ids(new.people):
        yield change(FlowChangeKind.PEOPLE_CHANGED, _names(old.people), _names(new.people))
    if old.mode != new.mode and old.mode and new.mode:
        yield change(FlowChangeKind.MODE_CHANGED, (old.mode.value,), (new.mode.value,))
    if old.rule == new.rule == NodeRule.SELECTED_BY_INITIATOR:
        if (_ids(old.candidates), _roles(old)) != (_ids(new.candidates), _roles(new)):
            yield change(FlowChangeKind.CANDIDATES_CHANGED, _may_choose(old), _may_choose(new))
        if (old.is_required, old.allows_several) != (new.is_required, new.allows_several):
            yield change(FlowChangeKind.CHOICE_CHANGED, _choice(old), _choice(new))


def _is_another_rule(old: Node, new: Node) -> bool:
    if old.rule == new.rule:
        return False
    # What was only guessed before and is known now has not changed.
    is_known = Certainty.CONSISTENT_WITH not in (old.certainty, new.certainty)
    return is_known or not {old.rule, new.rule}.isdisjoint(_PLAIN_TO_SEE)


def _names_fixed_people(old: Node, new: Node) -> bool:
    """Whether other people mean another flow: not where the rule finds others for every requester.

    Where a supervisor was asked before and the people of now are not the supervisor, it is another flow too.
    """
    fixed = {NodeRule.RESOLVED, NodeRule.SPECIFIED_MEMBERS}
    return new.rule in fixed and old.rule in fixed | {NodeRule.DIRECT_SUPERVISOR}


def _ids(people: tuple[NodePerson, ...]) -> frozenset[str]:
    # Earlier versions kept names only; people are then told apart by those.
    return frozenset(each.user_id or each.name for each in people)


def _names(people: tuple[NodePerson, ...]) -> tuple[str, ...]:
    return tuple(each.name for each in people)


def _roles(node: Node) -> frozenset[str]:
    return frozenset(node.roles or ())


def _may_choose(node: Node) -> tuple[str, ...]:
    return (*_names(node.candidates), *(node.roles or {}).values())


def _choice(node: Node) -> tuple[str, ...]:
    return (
        "required" if node.is_required else "optional",
        "several" if node.allows_several else "one",
    )
