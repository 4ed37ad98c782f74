"""From the nodes of a template's flow to how approvals may run through it.

Source: the product's help page (supported rules; Selected by Initiator is required) and DingTalk's forecast.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NodeRule(StrEnum):
    """How a node finds its people."""

    SELECTED_BY_INITIATOR = "selected_by_initiator"
    FIXED = "fixed"


class NodeTask(StrEnum):
    """What people at a node do."""

    APPROVE = "approve"
    BE_NOTIFIED = "be_notified"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of a flow; ``key`` fills a Selected by Initiator node, ``people`` are names DingTalk resolved."""

    name: str
    task: NodeTask
    rule: NodeRule
    key: str | None
    is_required: bool
    people: tuple[str, ...]


class FlowMode(StrEnum):
    """How an approval runs through this flow."""

    PEER_TO_PEER = "peer_to_peer"
    FULL_FLOW = "full_flow"


@dataclass(frozen=True, kw_only=True)
class FlowVerdict:
    """``fills_nodes`` false means the approver is passed instead of the flow; ``bypassed`` names who loses."""

    mode: FlowMode
    fills_nodes: bool
    bypassed: tuple[str, ...]


def judge_flow(nodes: tuple[Node, ...]) -> FlowVerdict:
    """Return how approvals run through ``nodes``.

    Without a Selected by Initiator node only peer to peer works, and the people in the flow are bypassed.
    """
    deciding = [node for node in nodes if node.task == NodeTask.APPROVE]
    selectable = [node for node in deciding if node.rule == NodeRule.SELECTED_BY_INITIATOR and node.key]
    fixed = [node for node in deciding if node.rule == NodeRule.FIXED]
    if not selectable:
        bypassed = tuple(dict.fromkeys(name for node in fixed for name in node.people or (node.name,)))
        return FlowVerdict(mode=FlowMode.PEER_TO_PEER, fills_nodes=False, bypassed=bypassed)
    mode = FlowMode.FULL_FLOW if fixed or len(selectable) > 1 else FlowMode.PEER_TO_PEER
    return FlowVerdict(mode=mode, fills_nodes=True, bypassed=())
