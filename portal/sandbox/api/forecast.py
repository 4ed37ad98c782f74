"""The flow as DingTalk would run it, without starting anything (DingTalk: approval-process-prediction)."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.api.errors import refused
from portal.sandbox.api.gate import Call
from portal.sandbox.approval import flow
from portal.sandbox.approval.flow import Actor, Mode, Node, Rule
from portal.sandbox.faults import FaultName
from portal.sandbox.tables import Person, Template

_METHODS = {Mode.ALL: "AND", Mode.ANY: "OR", Mode.ONE_BY_ONE: "ONE_BY_ONE"}


def forecast(call: Call) -> dict[str, Any]:
    """One rule per node on the path, with edges to order them by."""
    body = call.body
    if not isinstance(body.get("formComponentValues"), list):
        raise refused("componentIsNull", "表单控件不能为空")
    if not isinstance(body.get("deptId"), int):
        raise refused("invalidParameter", "参数错误：deptId")
    template = call.session.get(Template, str(body.get("processCode") or ""))
    if template is None:
        raise refused("processCodeError", "获取审批模板失败或者模板已被删除")
    person = call.session.get(Person, str(body.get("userId") or ""))
    if person is None or not person.is_active:
        raise refused("userNotExist", "用户不存在")
    nodes = flow.load(template.flow)
    result = {
        "isForecastSuccess": call.fault != FaultName.FORECAST_UNSUCCESSFUL,
        "isStaticWorkflow": True,
        "processCode": template.process_code,
        "processId": 63657309000 + template.position,
        "userId": person.userid,
        "workflowActivityRules": _rules(call.session, nodes, person=person),
        "workflowForecastNodes": [
            {"activityId": node.activity_id, "outId": following.activity_id}
            for node, following in itertools.pairwise(nodes)
        ],
    }
    return {"result": result}


def _rules(session: Session, nodes: list[Node], *, person: Person) -> list[dict[str, Any]]:
    rules, previous = [], flow.START_ACTIVITY
    for node in nodes:
        rules.append(_rule(session, node, previous=previous, person=person))
        previous = node.activity_id
    return rules


def _rule(session: Session, node: Node, *, previous: str, person: Person) -> dict[str, Any]:
    selects = node.rule is Rule.SELECTED_BY_INITIATOR
    return {
        "activityId": node.activity_id,
        "prevActivityId": previous,
        "activityName": node.name,
        "activityType": _activity_type(node),
        "isTargetSelect": selects,
        "workflowActor": _selecting_actor(session, node) if selects else _fixed_actor(node),
        "activityActioners": [
            {"userId": found.userid, "name": found.name, "avatar": ""}
            for found in _people(
                session,
                [] if selects else flow.resolved_people(node, manager_userid=person.manager_userid),
            )
        ],
    }


def _activity_type(node: Node) -> str:
    if node.rule is Rule.SELECTED_BY_INITIATOR:
        return "target_select"
    return "target_notifier" if node.actor is Actor.NOTIFIER else "target_approval"


def _selecting_actor(session: Session, node: Node) -> dict[str, Any]:
    approvals = [{"workNo": found.userid, "userName": found.name} for found in _people(session, node.range)]
    actor: dict[str, Any] = {
        "actorType": node.actor.value,
        "actorSelectionType": "approvals" if node.range else "allStaff",
        "actorSelectionRange": {"approvals": approvals} if approvals else {},
        "allowedMulti": node.multi,
        "required": node.required,
    }
    if node.actor_key:
        actor["actorKey"] = node.actor_key
    return {**actor, **_deciding(node)}


def _fixed_actor(node: Node) -> dict[str, Any]:
    return {"actorType": node.actor.value, **_deciding(node)}


def _deciding(node: Node) -> dict[str, Any]:
    if node.actor is Actor.NOTIFIER:
        return {}
    one_by_one = node.mode is Mode.ONE_BY_ONE
    return {
        "approvalType": "MANUAL",
        "approvalMethod": _METHODS[node.mode],
        "actorActivateType": "ONE_BY_ONE" if one_by_one else "ALL",
    }


def _people(session: Session, userids: list[str]) -> list[Person]:
    found = {
        person.userid: person for person in session.scalars(select(Person).where(Person.userid.in_(userids)))
    }
    return [found[userid] for userid in userids if userid in found]
