"""A template's flow in our words, from DingTalk's forecast."""

from __future__ import annotations

from portal.dingtalk.forecast import Candidate, FlowNode
from portal.rules.flow_rules import Certainty, Node, NodeMode, NodePerson, NodeRule, NodeTask

_TASKS = {"notifier": NodeTask.BE_NOTIFIED, "audit": NodeTask.HANDLE}
_MODES = {"AND": NodeMode.ALL, "OR": NodeMode.ANY, "ONE_BY_ONE": NodeMode.ONE_BY_ONE}


def our_nodes(nodes: tuple[FlowNode, ...]) -> tuple[Node, ...]:
    """Translate the nodes of a forecast."""
    return tuple(_node(node) for node in nodes)


def _node(node: FlowNode) -> Node:
    selects = node.is_selected_by_initiator
    return Node(
        id=node.activity_id,
        name=node.name,
        task=_TASKS.get(node.actor_type, NodeTask.APPROVE),
        rule=NodeRule.SELECTED_BY_INITIATOR if selects else NodeRule.RESOLVED,
        certainty=Certainty.TOLD if selects else Certainty.CONSISTENT_WITH,
        mode=_MODES.get(node.approval_method),
        key=node.actor_key,
        is_required=node.is_required,
        allows_several=node.allows_several,
        candidates=_people(node.candidates),
        roles=dict(node.roles) or None,
        people=_people(node.people),
        told=node.activity_type,
    )


def _people(found: tuple[Candidate, ...]) -> tuple[NodePerson, ...]:
    return tuple(NodePerson(user_id=each.user_id, name=each.name) for each in found)
