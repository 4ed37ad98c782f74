"""The flow as DingTalk would run it, without starting anything (DingTalk: approval-process-prediction)."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.api.errors import refused
from portal.sandbox.api.gate import Call
from portal.sandbox.approval import flow, resolving
from portal.sandbox.approval.flow import Actor, Decision, Mode, Node, Rule
from portal.sandbox.approval.resolving import Origin
from portal.sandbox.approval.templates import find_template
from portal.sandbox.faults import FaultName
from portal.sandbox.settings import ForecastNaming
from portal.sandbox.shapes import is_number
from portal.sandbox.tables import Person, Role

_METHODS = {Mode.ALL: "AND", Mode.ANY: "OR", Mode.ONE_BY_ONE: "ONE_BY_ONE"}
_DECISIONS = {
    Decision.MANUAL: "MANUAL",
    Decision.AUTO_AGREE: "AUTO_AGREE",
    Decision.AUTO_REFUSE: "AUTO_REFUSE",
}
_ACTORS = {Actor.APPROVER: "approver", Actor.HANDLER: "audit", Actor.NOTIFIER: "notifier"}
RULE_NAMES = {
    Rule.SELECTED_BY_INITIATOR: "target_select",
    Rule.SPECIFIED_MEMBERS: "target_approval",
    Rule.DIRECT_SUPERVISOR: "target_formula",
    Rule.DEPARTMENT_HEAD: "target_management",
    Rule.HEAD_OF_FORM_DEPARTMENT: "target_formula",
    Rule.INITIATOR: "target_originator",
    Rule.ROLE: "target_label",
    Rule.ROLE_IN_LEVELS: "target_managers_labels",
    Rule.FORM_CONTACT: "target_formcomponent_approval",
    Rule.MATRIX: "target_matrix_approval",
    Rule.CONSECUTIVE_SUPERVISORS: "target_connect_approval",
    Rule.FORMULA: "target_formula",
}


def forecast(call: Call) -> dict[str, Any]:
    """One rule per node on the path, with edges to order them by."""
    body = call.body
    if not isinstance(body.get("formComponentValues"), list):
        raise refused("componentIsNull", "表单控件不能为空")
    if not is_number(body.get("deptId")):
        raise refused("invalidParameter", "参数错误：deptId")
    template = find_template(call.session, body.get("processCode"))
    if template is None:
        raise refused("processCodeError", "获取审批模板失败或者模板已被删除")
    person = call.session.get(Person, str(body.get("userId") or ""))
    if person is None or not person.is_active:
        raise refused("userNotExist", "用户不存在")
    origin = Origin(
        person=person,
        department_id=body["deptId"],
        values=_values(body["formComponentValues"]),
        labels=resolving.labels_of(template.components),
    )
    designed = flow.load(template.flow)
    nodes = resolving.path(designed, origin=origin)
    result = {
        "isForecastSuccess": call.fault != FaultName.FORECAST_UNSUCCESSFUL,
        "isStaticWorkflow": not any(node.when for node in designed),
        "processCode": template.process_code,
        "processId": 63657309000 + template.position,
        "userId": person.userid,
        "workflowActivityRules": _rules(call, nodes, origin=origin),
        "workflowForecastNodes": [
            {"activityId": node.activity_id, "outId": following.activity_id}
            for node, following in itertools.pairwise(nodes)
        ],
    }
    return {"result": result}


def _values(given: list[Any]) -> dict[str, str]:
    pairs = [value for value in given if isinstance(value, dict)]
    return {str(value.get("name")): str(value.get("value")) for value in pairs}


def _rules(call: Call, nodes: list[Node], *, origin: Origin) -> list[dict[str, Any]]:
    rules, previous = [], flow.START_ACTIVITY
    for node in nodes:
        rules.append(_rule(call, node, previous=previous, origin=origin))
        previous = node.activity_id
    return rules


def _rule(call: Call, node: Node, *, previous: str, origin: Origin) -> dict[str, Any]:
    selects = node.rule is Rule.SELECTED_BY_INITIATOR
    decides_itself = node.decision is not Decision.MANUAL
    people = [] if decides_itself else resolving.people_at(call.session, node, origin=origin)
    return {
        "activityId": node.activity_id,
        "prevActivityId": previous,
        "activityName": node.name,
        "activityType": _activity_type(node, naming=call.settings.forecast_naming),
        "isTargetSelect": selects,
        "workflowActor": _selecting_actor(call.session, node) if selects else _fixed_actor(node),
        "activityActioners": [
            {"userId": found.userid, "name": found.name, "avatar": ""}
            for found in _people(call.session, people)
        ],
    }


def _activity_type(node: Node, *, naming: ForecastNaming) -> str:
    if node.rule is Rule.SELECTED_BY_INITIATOR:
        return "target_select"
    if node.actor is Actor.NOTIFIER:
        return "target_notifier"
    return RULE_NAMES[node.rule] if naming is ForecastNaming.RULE_NAMES else "target_approval"


def _selecting_actor(session: Session, node: Node) -> dict[str, Any]:
    approvals = [{"workNo": found.userid, "userName": found.name} for found in _people(session, node.range)]
    roles = session.scalars(select(Role).where(Role.id.in_(node.roles)).order_by(Role.id))
    labels = [{"labels": str(role.id), "labelNames": role.name} for role in roles]
    offered = {"approvals": approvals, "labels": labels}
    actor: dict[str, Any] = {
        "actorType": _ACTORS[node.actor],
        "actorSelectionType": "approvals" if approvals else "labels" if labels else "allStaff",
        "actorSelectionRange": {name: entries for name, entries in offered.items() if entries},
        "allowedMulti": node.multi,
        "required": node.required,
    }
    if node.actor_key:
        actor["actorKey"] = node.actor_key
    return {**actor, **_deciding(node)}


def _fixed_actor(node: Node) -> dict[str, Any]:
    return {"actorType": _ACTORS[node.actor], **_deciding(node)}


def _deciding(node: Node) -> dict[str, Any]:
    if node.actor is Actor.NOTIFIER:
        return {}
    one_by_one = node.mode is Mode.ONE_BY_ONE
    return {
        "approvalType": _DECISIONS[node.decision],
        "approvalMethod": _METHODS[node.mode],
        "actorActivateType": "ONE_BY_ONE" if one_by_one else "ALL",
    }


def _people(session: Session, userids: list[str]) -> list[Person]:
    found = {
        person.userid: person for person in session.scalars(select(Person).where(Person.userid.in_(userids)))
    }
    return [found[userid] for userid in userids if userid in found]
