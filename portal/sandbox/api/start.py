"""Start an instance, with DingTalk's refusals in DingTalk's order (DingTalk: create-an-approval-instance)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.sandbox.api.errors import ApiError, refused
from portal.sandbox.api.forms import is_visible
from portal.sandbox.api.gate import Call
from portal.sandbox.api.value_rules import checked_values
from portal.sandbox.approval import flow, resolving, running
from portal.sandbox.approval.flow import Actor, Mode, Node, Rule, Step
from portal.sandbox.approval.resolving import Origin
from portal.sandbox.approval.templates import find_template
from portal.sandbox.cast import ROOT
from portal.sandbox.shapes import are_texts, is_number
from portal.sandbox.tables import Person, Relation, Template

REQUIRED_FIELDS = ("originatorUserId", "processCode", "formComponentValues")
MOST_GROUPS, MOST_COPIES, MOST_VALUES = 20, 50, 150
ROOT_IN_APPROVALS = -1


def start_instance(call: Call) -> dict[str, Any]:
    """Not idempotent: the same body twice makes two instances."""
    body = call.body
    _check_fields(body)
    originator = _originator(call)
    template = _template(call, originator)
    _check_agent(call)
    department_id = _department(call, originator)
    values = checked_values(call.session, template=template, given=body["formComponentValues"])
    groups = body.get("approvers") or []
    if groups:
        steps, copies = _given_steps(call, groups), _given_copies(call)
    else:
        origin = Origin(
            person=originator,
            department_id=department_id,
            values={str(value["name"]): str(value["value"]) for value in values},
            labels=resolving.labels_of(template.components),
        )
        steps, copies = _template_steps(call, template, origin), []
    instance = running.start(
        call.session,
        template=template,
        originator=originator,
        department_id=department_id,
        values=values,
        steps=steps,
        approver_userids=[
            userid for step in steps if step.actor is not Actor.NOTIFIER for userid in step.userids
        ],
        cc_userids=copies,
        is_peer_to_peer=bool(groups),
    )
    return {"instanceId": instance.id}


def _check_fields(body: dict[str, Any]) -> None:
    for name in REQUIRED_FIELDS:
        if body.get(name) in (None, "", []):
            raise refused(f"Missing{name}", f"{name} is mandatory for this action.")
    values = body["formComponentValues"]
    if not isinstance(values, list) or len(values) > MOST_VALUES:
        raise refused("invalidParameter", "发起审批参数错误：formComponentValues")
    for value in values:
        for name in ("name", "value"):
            if not isinstance(value, dict) or name not in value:
                raise refused(f"Missing{name}", f"{name} is mandatory for this action.")


def _originator(call: Call) -> Person:
    person = call.session.get(Person, str(call.body["originatorUserId"]))
    if person is None or person.relation != Relation.STAFF:
        raise wrong_people()
    if not person.is_active:
        raise refused("invalidParameter", "发起审批参数错误：发起人已离职")
    return person


def _template(call: Call, originator: Person) -> Template:
    template = find_template(call.session, call.body["processCode"])
    if template is None:
        raise refused("processCodeError", "获取审批模板失败或者模板已被删除")
    if template.status != "PUBLISHED":
        raise refused("processGetFailed", "获取审批流失败或审批单状态为非启用状态")
    if not is_visible(template, originator.userid):
        raise refused("needAuth", "没有发起审批的权限")
    return template


def _check_agent(call: Call) -> None:
    given = call.body.get("microappAgentId")
    if given is not None and given != call.sandbox.config.agent_id:
        raise refused("invalidAgentId", "无效的微应用ID")


def _department(call: Call, originator: Person) -> int:
    given = call.body.get("deptId")
    own = [ROOT_IN_APPROVALS if number == ROOT else number for number in originator.department_ids]
    if given is None:
        if not call.body.get("approvers"):
            raise refused("sysErrror", "创建审批实例系统异常")
        return own[0] if own else ROOT_IN_APPROVALS
    if given == ROOT:
        given = ROOT_IN_APPROVALS
    if not is_number(given) or given not in (own or [ROOT_IN_APPROVALS]):
        raise wrong_people()
    return given


def _given_steps(call: Call, groups: Any) -> list[Step]:
    if not isinstance(groups, list) or len(groups) > MOST_GROUPS:
        raise refused("invalidParameter", "发起审批参数错误：approvers")
    return [_given_step(call, group, number) for number, group in enumerate(groups, start=1)]


def _given_step(call: Call, group: Any, number: int) -> Step:
    userids = group.get("userIds") if isinstance(group, dict) else None
    kind = group.get("actionType") if isinstance(group, dict) else None
    if kind not in ("AND", "OR", "NONE") or not are_texts(userids) or not userids:
        raise refused("invalidParameter", "发起审批参数错误：approvers")
    if (kind == "NONE") != (len(userids) == 1):
        raise refused("invalidParameter", f"发起审批参数错误：actionType {kind}")
    _check_active(call, userids)
    return Step(
        activity_id=f"api_{number:04d}",
        name="审批人",
        actor=Actor.APPROVER,
        mode=Mode.ANY if kind == "OR" else Mode.ALL,
        userids=userids,
    )


def _given_copies(call: Call) -> list[str]:
    copies = call.body.get("ccList") or []
    if not are_texts(copies) or len(copies) > MOST_COPIES:
        raise refused("invalidParameter", "发起审批参数错误：ccList")
    _check_active(call, copies)
    return copies


def _template_steps(call: Call, template: Template, origin: Origin) -> list[Step]:
    chosen = _chosen(call)

    def selected(node: Node) -> list[str]:
        return _selected(call, node, chosen)

    return resolving.steps(call.session, flow.load(template.flow), origin=origin, selected=selected)


def _chosen(call: Call) -> dict[str, list[str]]:
    given = call.body.get("targetSelectActioners") or []
    chosen = {}
    for entry in given if isinstance(given, list) else [None]:
        if not isinstance(entry, dict) or not are_texts(entry.get("actionerUserIds")):
            raise refused("invalidParameter", "发起审批参数错误：targetSelectActioners")
        chosen[str(entry.get("actionerKey"))] = entry["actionerUserIds"]
    return chosen


def _selected(call: Call, node: Node, chosen: dict[str, list[str]]) -> list[str]:
    userids = chosen.get(node.actor_key, []) if node.actor_key else []
    if not userids:
        if node.required and node.rule is Rule.SELECTED_BY_INITIATOR:
            raise refused("targetSelectApproverMissing", "自选审批人缺失")
        return []
    allowed = resolving.candidates(call.session, node)
    if (_is_limited(node) and not set(userids) <= set(allowed)) or (len(userids) > 1 and not node.multi):
        raise refused("targetSelectApproverScopeError", "自选审批人不在规定范围内")
    _check_active(call, userids)
    return userids


def _is_limited(node: Node) -> bool:
    # A role without members lets nobody be chosen, which is not the same as everybody.
    return bool(node.range or node.roles)


def _check_active(call: Call, userids: list[str]) -> None:
    active = select(Person.userid).where(Person.is_active, Person.relation == Relation.STAFF)
    if not set(userids) <= set(call.session.scalars(active)):
        raise wrong_people()


def wrong_people() -> ApiError:
    """A userid or department that does not fit."""
    message = "审批实例参数错误，具体可能为:发起人、审批人、抄送人的userid错误，发起部门id错误，发起人不在发起部门中"
    return refused("processInstanceInvalidParameter", message)
