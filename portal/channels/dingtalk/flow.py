"""A template's flow in our words, from DingTalk's forecast."""

from __future__ import annotations

from portal.dingtalk.forecast import FlowNode
from portal.rules.flow_rules import Node, NodeRule, NodeTask

NOTIFIER = "notifier"


def our_nodes(nodes: tuple[FlowNode, ...]) -> tuple[Node, ...]:
    """Translate the nodes of a forecast."""
    return tuple(
        Node(
            name=node.name,
            task=NodeTask.BE_NOTIFIED if node.actor_type == NOTIFIER else NodeTask.APPROVE,
            rule=NodeRule.SELECTED_BY_INITIATOR if node.is_selected_by_initiator else NodeRule.FIXED,
            key=node.actor_key,
            is_required=node.is_required,
            people=tuple(person.name for person in node.people),
        )
        for node in nodes
    )
