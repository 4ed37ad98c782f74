"""Countersigning and sending back through OA premium; without it people do this in DingTalk only."""

from __future__ import annotations

from typing import Any

from portal.sandbox.api.acts import find_task
from portal.sandbox.api.errors import ApiError, refused
from portal.sandbox.api.gate import Call
from portal.sandbox.api.premium import check_benefit
from portal.sandbox.approval import countersigning, sending_back
from portal.sandbox.approval.countersigning import Moment
from portal.sandbox.approval.flow import START_ACTIVITY, Mode
from portal.sandbox.approval.refusals import ActionRefused, Refusal
from portal.sandbox.shapes import are_texts
from portal.sandbox.tables import Task

MODES = {"ALL": Mode.ALL, "ONE_BY_ONE": Mode.ONE_BY_ONE}
REVERT_ACTIONS = ("REVERT_FOR_APPROVAL", "REVERT_FOR_RESUBMIT")
NEEDED_TO_APPEND = (
    "taskId",
    "processInstanceId",
    "operateUserId",
    "appenderUserIds",
    "activateType",
    "type",
)
NEEDED_TO_REVERT = ("taskId", "processInstanceId", "operateUserId", "targetActivityId", "revertAction")
_CODES = {
    Refusal.NOT_RUNNING: "instance.status.error",
    Refusal.PERSON_UNKNOWN: "user.not.exist",
    Refusal.COUNTERSIGNING_OFF: "param.illegal.operator",
}


def append(call: Call) -> dict[str, Any]:
    """Countersign before or after the task, all at once or one by one."""
    task = _task(call, needed=NEEDED_TO_APPEND)
    people, moment = call.body["appenderUserIds"], call.body["type"]
    mode = MODES.get(str(call.body["activateType"]))
    if mode is None or moment not in list(Moment) or not are_texts(people):
        raise _illegal()
    if task.userid in people:
        raise refused("appender.contains.currentOperator", "加签人不能包含当前操作人")
    remark = str(call.body.get("remark") or "")
    try:
        countersigning.countersign(
            call.session, task, people=people, moment=Moment(moment), mode=mode, remark=remark
        )
    except ActionRefused as error:
        raise _said(error) from error
    return {"result": True}


def revert(call: Call) -> dict[str, Any]:
    """Send back to an earlier node, or to the requester as ``sid-startevent``."""
    task = _task(call, needed=NEEDED_TO_REVERT)
    if call.body["revertAction"] not in REVERT_ACTIONS:
        raise _illegal()
    target, remark = str(call.body["targetActivityId"]), str(call.body.get("remark") or "")
    try:
        sending_back.send_back(call.session, task, activity_id=target, remark=remark)
    except ActionRefused as error:
        raise _said(error) from error
    return {"result": True}


def _task(call: Call, *, needed: tuple[str, ...]) -> Task:
    check_benefit(call)
    for name in needed:
        if not call.body.get(name):
            raise refused("param.blank", f"参数为空：{name}")
    task = find_task(call)
    if task is None or task.instance.id != call.body["processInstanceId"]:
        raise _illegal()
    if task.userid != call.body["operateUserId"]:
        raise refused("param.illegal.operator", "操作人不是当前任务的处理人")
    if task.instance.status != "RUNNING":
        raise refused("instance.status.error", "审批实例状态异常")
    if task.status != "RUNNING" or task.activity_id == START_ACTIVITY:
        raise refused("task.status.error", "任务状态异常")
    return task


def _said(error: ActionRefused) -> ApiError:
    return refused(_CODES.get(error.refusal, "param.illegal"), "参数不合法")


def _illegal() -> ApiError:
    return refused("param.illegal", "参数不合法")
