"""The path that an instance would take, as DingTalk predicts it for one requester and one set of values."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from portal.dingtalk.loose_json import Json, mapping, mappings, optional_text, text, truth


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A person named by a node: one to choose from, or one already found."""

    user_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class FlowNode:
    """One node on the predicted path.

    ``activity_type`` is an open set (``target_select``, ``target_approval`` …), ``actor_type`` is
    ``approver``, ``notifier`` or ``audit``, ``approval_method`` is ``ONE_BY_ONE``, ``AND`` or ``OR``.
    ``candidates`` and ``roles`` (id and name) limit whom the initiator may choose; both empty means anybody.
    ``people`` are those whom DingTalk found already. ``activate_type`` is ``ALL`` or ``ONE_BY_ONE``,
    ``sub_type`` tells formulas apart, where DingTalk gives one.
    """

    activity_id: str
    name: str
    activity_type: str
    is_selected_by_initiator: bool
    actor_key: str | None
    actor_type: str
    selection_type: str
    candidates: tuple[Candidate, ...]
    roles: tuple[tuple[str, str], ...]
    allows_several: bool
    approval_type: str
    approval_method: str
    is_required: bool
    people: tuple[Candidate, ...]
    activate_type: str = ""
    sub_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The predicted path; with ``is_success`` false no conclusion may be drawn from it.

    ``is_static`` false means that the flow has conditions, ``is_parallel`` that parts of it run side by side.
    """

    is_success: bool
    is_static: bool
    nodes: tuple[FlowNode, ...]
    is_parallel: bool = False


def read_forecast(result: Json) -> Forecast:
    """Read the ``result`` of a forecast (DingTalk: approval-process-prediction)."""
    rules = mappings(result.get("workflowActivityRules"))
    edges = mappings(result.get("workflowForecastNodes"))
    is_static = result.get("isStaticWorkflow")
    return Forecast(
        is_success=truth(result.get("isForecastSuccess")),
        # Only told to be otherwise: no answer is no sign of conditions.
        is_static=is_static is None or truth(is_static),
        nodes=tuple(_node(rule) for rule in _along_the_path(rules, edges)),
        is_parallel=_forks(edges),
    )


def _forks(edges: list[Json]) -> bool:
    ways = {
        (text(edge.get("activityId")), text(edge.get("outId"))) for edge in edges if edge.get("activityId")
    }
    return len({start for start, _ in ways}) < len(ways)


def _along_the_path(rules: list[Json], edges: list[Json]) -> list[Json]:
    by_id = {text(rule.get("activityId")): rule for rule in rules}
    if len(by_id) < len(rules):
        return rules
    steps = [(rule.get("prevActivityId"), rule.get("activityId")) for rule in rules]
    steps += [(edge.get("activityId"), edge.get("outId")) for edge in edges]
    path: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(by_id, ()))
    for before, after in steps:
        if before and after:
            path.add(text(after), text(before))
    try:
        return [by_id[activity_id] for activity_id in path.static_order() if activity_id in by_id]
    except CycleError:
        return rules


def _node(rule: Json) -> FlowNode:
    actor = mapping(rule.get("workflowActor"))
    selection_range = mapping(actor.get("actorSelectionRange"))
    activity_type = text(rule.get("activityType"))
    return FlowNode(
        activity_id=text(rule.get("activityId")),
        name=text(rule.get("activityName")),
        activity_type=activity_type,
        is_selected_by_initiator=activity_type == "target_select" or truth(rule.get("isTargetSelect")),
        actor_key=optional_text(actor.get("actorKey")),
        actor_type=text(actor.get("actorType")),
        selection_type=text(actor.get("actorSelectionType")),
        candidates=tuple(
            Candidate(user_id=text(person.get("workNo")), name=text(person.get("userName")))
            for person in mappings(selection_range.get("approvals"))
        ),
        roles=tuple(
            (text(role.get("labels")), text(role.get("labelNames")))
            for role in mappings(selection_range.get("labels"))
        ),
        allows_several=truth(actor.get("allowedMulti")),
        approval_type=text(actor.get("approvalType")),
        approval_method=text(actor.get("approvalMethod")),
        is_required=truth(actor.get("required")),
        people=tuple(
            Candidate(user_id=text(person.get("userId")), name=text(person.get("name")))
            for person in mappings(rule.get("activityActioners"))
        ),
        activate_type=text(actor.get("actorActivateType")),
        sub_type=text(actor.get("subType") or rule.get("subType")),
    )
