"""By which rule DingTalk found the people of a node, where it does not say so: compare with supervisors, and prove
by asking for a second requester. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from portal.rules.flow_rules import Certainty, Node, NodeRule, NodeTask


@dataclass(frozen=True, kw_only=True)
class Superiors:
    """Who stands above a requester, by id: the direct supervisor (at most one), and the heads of the department that
    they start from and of each above it; None where the directory would not tell."""

    supervisors: frozenset[str] | None
    heads: tuple[frozenset[str], ...] | None = None

    @property
    def are_told_apart(self) -> bool:
        """Whether a node's people show which of the two a rule follows."""
        return self.supervisors is not None and self.heads is not None and self.supervisors not in self.heads

    def may_head(self, people: frozenset[str]) -> bool:
        """Whether a rule for heads of departments, of whatever level, may have found these people."""
        if self.heads is None:
            return True
        return people in self.heads if people else frozenset() in self.heads[:1]


def is_unclear(node: Node) -> bool:
    """Whether comparing two requesters could tell the rule of this node."""
    return (
        node.certainty == Certainty.CONSISTENT_WITH
        and node.task != NodeTask.BE_NOTIFIED
        and node.rule in _OPEN
    )


_OPEN = frozenset({NodeRule.RESOLVED, NodeRule.DIRECT_SUPERVISOR, NodeRule.FORMULA, NodeRule.UNKNOWN})


def compare(nodes: tuple[Node, ...], superiors: Superiors) -> tuple[Node, ...]:
    """Call a node consistent with Direct Supervisor where it names just them; that proves nothing yet."""
    return tuple(
        replace(node, rule=NodeRule.DIRECT_SUPERVISOR)
        if is_unclear(node)
        and node.rule != NodeRule.UNKNOWN
        and superiors.supervisors
        and _ids(node) == superiors.supervisors
        else node
        for node in nodes
    )


def prove(
    nodes: tuple[Node, ...], superiors: Superiors, *, others_nodes: tuple[Node, ...], others: Superiors
) -> tuple[Node, ...]:
    """Tell unclear nodes apart by what the same flow found for another requester.

    People who stay are Specified Members; who follow each supervisor, Direct Supervisor; who follow the heads of
    each department, the department head; anything else that changes is a rule that is not supported. Nodes
    for which the two requesters show no difference stay unclear.
    """
    found = {node.id: node for node in others_nodes if node.id}
    return tuple(
        _proved(node, superiors, found[node.id], others) if is_unclear(node) and node.id in found else node
        for node in nodes
    )


def _proved(node: Node, superiors: Superiors, others_node: Node, others: Superiors) -> Node:
    mine, theirs = _ids(node), _ids(others_node)
    if not mine and not theirs:
        return node
    fits_supervisors = (mine, theirs) == (superiors.supervisors, others.supervisors)
    fits_heads = superiors.may_head(mine) and others.may_head(theirs)
    if fits_supervisors and mine != theirs:
        sure = Certainty.CONSISTENT_WITH if fits_heads else Certainty.PROVED
        return replace(node, rule=NodeRule.DIRECT_SUPERVISOR, certainty=sure)
    if fits_supervisors:
        return node  # both have the same: that shows no difference
    is_told = None not in (superiors.supervisors, others.supervisors, superiors.heads, others.heads)
    if not is_told or (fits_heads and mine == theirs):
        return node  # those who stay may head a department above both
    if fits_heads:
        return _with(node, NodeRule.DEPARTMENT_HEAD)
    return _with(node, NodeRule.SPECIFIED_MEMBERS if mine == theirs else NodeRule.UNKNOWN)


def _with(node: Node, rule: NodeRule) -> Node:
    return replace(node, rule=rule, certainty=Certainty.PROVED)


def _ids(node: Node) -> frozenset[str]:
    return frozenset(each.user_id for each in node.people)


def with_known_rules(nodes: tuple[Node, ...], known: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return a fresh forecast with what was told or proved of the same nodes before.

    Ids and keys of nodes change when a flow is edited, so the same id stands for the same rule; and as long as there
    is no new id, the branchings that the designed flow told of are still there.
    """
    told = {node.id: node for node in known if node.id and node.certainty != Certainty.CONSISTENT_WITH}
    recognised = tuple(_recognised(node, told.get(node.id)) for node in nodes if node.rule not in _BRANCHINGS)
    designed = tuple(node for node in known if node.rule in _BRANCHINGS and node.id)
    seen = tuple(node for node in nodes if node.rule in _BRANCHINGS)
    if designed and (seen or {node.id for node in recognised} <= {node.id for node in known}):
        return (*recognised, *designed)
    return (*recognised, *seen)


_BRANCHINGS = frozenset({NodeRule.CONDITION, NodeRule.PARALLEL})


def _recognised(node: Node, known: Node | None) -> Node:
    if known is None or not is_unclear(node):
        return node
    return replace(node, rule=known.rule, certainty=known.certainty)
