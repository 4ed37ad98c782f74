"""The flow as it was designed: what only organisations with OA premium may read (DingTalk: processConfig)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal.dingtalk.failures import DingTalkError, FailureClass
from portal.dingtalk.loose_json import Json, mapping, mappings, text, truth
from portal.dingtalk.operations import Operation
from portal.dingtalk.transport import Call, Transport

# What an organisation without premium, or an app without its permission, is answered.
_NOT_AVAILABLE = frozenset({FailureClass.PERMISSION_MISSING, FailureClass.PREMIUM_NEEDED})
_DECIDING = frozenset({"approver", "handler", "notifier", "payer"})
_BRANCHES = {"route": "conditionNodes", "parallel": "branches"}


@dataclass(frozen=True, kw_only=True)
class ActionerRule:
    """How people are found: ``type`` is ``target_approval``, ``target_formula`` …, ``sub_type`` tells formulas apart.

    ``people`` are ids and names of members who are listed.
    """

    type: str
    sub_type: str = ""
    people: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConfiguredNode:
    """A node of people. ``kind`` is ``approver``, ``handler``, ``notifier`` or ``payer``; ``approval_type`` is
    ``MANUAL``, ``AUTO_AGREE`` or ``AUTO_REFUSE``; ``method`` as in a forecast, empty where nothing is told."""

    id: str
    name: str
    kind: str
    rules: tuple[ActionerRule, ...]
    approval_type: str
    method: str


@dataclass(frozen=True, kw_only=True)
class Branching:
    """Where the flow divides: by conditions (``route``) or to run side by side (``parallel``)."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class ProcessConfig:
    """A designed flow with all of its branches, in the order of the designer."""

    nodes: tuple[ConfiguredNode, ...]
    branchings: tuple[Branching, ...]


class ProcessConfigs:
    """Designed flows of the organisation; methods may raise ``DingTalkError``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def read(self, process_code: str) -> ProcessConfig | None:
        """Read a template's designed flow, None where premium or its permission is missing.

        Source: DingTalk, api-premiumqueryschemaandprocessbycodelist; scope ``Premium.Workflow.ReadWrite.All``.
        """
        try:
            answer = self._transport.api(
                Call(
                    operation=Operation.READ_PROCESS_CONFIG,
                    method="POST",
                    path="/v1.0/workflow/premium/processes/schemas/batchQuery",
                    expects="result",
                    body={"processCodes": [process_code]},
                )
            )
        except DingTalkError as error:
            if error.failure in _NOT_AVAILABLE:
                return None
            raise
        found = mappings(answer["result"])
        own = next((each for each in found if text(each.get("processCode")) in ("", process_code)), {})
        return read_process_config(mapping(own.get("processConfig")))


def read_process_config(config: Json) -> ProcessConfig | None:
    """Read the tree of a ``processConfig``; None for an empty one."""
    if not config:
        return None
    nodes, branchings = [], []
    for node in _walk(config):
        kind = text(node.get("type"))
        if kind in _BRANCHES:
            branchings.append(Branching(id=_id(node), name=_name(node), kind=kind))
        elif kind in _DECIDING:
            nodes.append(_node(node, kind))
    return ProcessConfig(nodes=tuple(nodes), branchings=tuple(branchings))


def _walk(config: Json) -> Iterator[Json]:
    """Yield every node, branches before what follows them; a list of waiting nodes, as flows may be long."""
    waiting = [config]
    while waiting:
        node = waiting.pop()
        yield node
        branches = mappings(node.get(_BRANCHES.get(text(node.get("type")), "")))
        following = [mapping(node.get("childNode"))] if node.get("childNode") else []
        waiting += [*following, *reversed(branches)]


def _node(node: Json, kind: str) -> ConfiguredNode:
    properties = mapping(node.get("properties"))
    return ConfiguredNode(
        id=_id(node),
        name=_name(node),
        kind=kind,
        rules=tuple(_rule(each) for each in mappings(properties.get("actionerRules"))),
        approval_type=text(properties.get("approvalType")),
        method=_method(properties),
    )


def _method(properties: Json) -> str:
    activates = text(properties.get("activateType"))
    if activates == "ONE_BY_ONE" or not activates:
        return activates
    return "AND" if truth(properties.get("agreeAll")) else "OR"


def _rule(rule: Json) -> ActionerRule:
    return ActionerRule(
        type=text(rule.get("type")),
        sub_type=text(rule.get("subType")),
        people=tuple(
            (text(each.get("workNo")), text(each.get("userName"))) for each in mappings(rule.get("approvals"))
        ),
    )


def _id(node: Json) -> str:
    return text(node.get("nodeId") or node.get("id"))


def _name(node: Json) -> str:
    return text(node.get("name"))
