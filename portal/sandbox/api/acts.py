"""Acting on instances through the API: withdraw, agree or refuse, comment, hand over."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from portal.sandbox.api.detail import find_instance
from portal.sandbox.api.errors import ApiError, refused
from portal.sandbox.api.gate import Call
from portal.sandbox.approval import commenting, deciding, ending, handing_over
from portal.sandbox.approval.flow import START_ACTIVITY
from portal.sandbox.approval.refusals import ActionRefused, Refusal
from portal.sandbox.shapes import as_number, is_number
from portal.sandbox.tables import Instance, Person, Task, Template
from portal.sandbox.tables.instances import FIRST_TASK_ID

LONGEST_COMMENT = 1024
DONE = {"result": True, "success": True}


def terminate(call: Call) -> dict[str, Any]:
    """DingTalk: revoke-an-approval-instance. Not within 15 seconds, only while running."""
    body = call.body
    if not isinstance(body.get("isSystem"), bool):
        raise refused("invalidInstanceTerminateIsSystem", "是否系统操作不能为空")
    instance = _instance(call)
    userid = str(body.get("operatingUserId") or "")
    if not body["isSystem"] or userid:
        _person(call, userid, code="invalidInstanceTerminateOperatingUserId")
    if instance.status != "RUNNING" or _is_too_young(call, instance):
        raise refused("aflowProcessInstStatusException", "审批实例状态异常，创建15秒内或已结束的实例不能撤销")
    if not body["isSystem"]:
        _check_withdrawal(call, instance, userid)
    ending.terminate(call.session, instance, userid=userid, remark=str(body.get("remark") or ""))
    return DONE


def execute(call: Call) -> dict[str, Any]:
    """Agree or refuse as the task's current handler."""
    body = call.body
    result = body.get("result")
    if result not in ("agree", "refuse"):
        raise refused("invalidParameter", "参数错误：result")
    instance, task = _instance(call), _task(call)
    if task.instance is not instance:
        raise refused("invalidParameter", "参数错误：taskId")
    if task.userid != body.get("actionerUserId"):
        raise refused("needAuth", "没有同意拒绝审批的权限")
    if instance.status != "RUNNING" or task.status != "RUNNING" or task.activity_id == START_ACTIVITY:
        raise _cannot_be_executed()
    deciding.decide(call.session, task, result=result, remark=str(body.get("remark") or ""))
    return DONE


def comment(call: Call) -> dict[str, Any]:
    """Add a comment of up to 1024 characters."""
    text = str(call.body.get("text") or "")
    if not text.strip() or len(text) > LONGEST_COMMENT:
        raise refused("invalidInstanceCommentText", "评论内容不合法")
    instance = _instance(call)
    person = _person(call, str(call.body.get("commentUserId") or ""), code="invalidInstanceCommentUserId")
    commenting.comment(call.session, instance, userid=person.userid, text=text)
    return DONE


def redirect(call: Call) -> dict[str, Any]:
    """Hand a task over; ``operateUserId`` must be its current handler."""
    task = _task(call)
    if task.userid != call.body.get("operateUserId"):
        raise refused("needAuth", "没有转交审批的权限")
    if task.status != "RUNNING" or task.activity_id == START_ACTIVITY:
        raise _cannot_be_executed()
    to, remark = str(call.body.get("toUserId") or ""), str(call.body.get("remark") or "")
    try:
        handing_over.hand_over(call.session, task, to=to, remark=remark)
    except ActionRefused as error:
        if error.refusal is Refusal.PERSON_UNKNOWN:
            raise refused("userNotExist", "用户不存在") from error
        raise _cannot_be_executed() from error
    return {"result": True}


def open_task_count(call: Call) -> dict[str, Any]:
    """How many tasks wait for a person."""
    person = call.session.get(Person, call.args.get("userId", ""))
    if person is None:
        raise refused("userNotExist", "用户不存在")
    waiting = select(func.count()).where(Task.userid == person.userid, Task.status == "RUNNING")
    return {"result": call.session.scalar(waiting) or 0}


def _is_too_young(call: Call, instance: Instance) -> bool:
    return call.now - instance.created_at < call.settings.withdraw_wait_seconds * 1000


def _check_withdrawal(call: Call, instance: Instance, userid: str) -> None:
    template = call.session.get_one(Template, instance.process_code)
    if userid != instance.originator_userid or not template.requester_may_withdraw:
        raise refused("internalError", "审批系统错误：您没有任务处理的权限")


def _instance(call: Call) -> Instance:
    given = call.body.get("processInstanceId")
    if not isinstance(given, str) or not given:
        raise refused("invalidInstanceId", "审批实例id不能为空")
    instance = find_instance(call.session, given)
    if instance is None:
        raise refused("aflowProcessInstNotExist", "审批实例不存在")
    return instance


def find_task(call: Call) -> Task | None:
    """The task of ``taskId``, which may come as a number or a text."""
    number = as_number(call.body.get("taskId"))
    return call.session.get(Task, number - FIRST_TASK_ID) if is_number(number) else None


def _task(call: Call) -> Task:
    task = find_task(call)
    if task is None:
        raise refused("invalidParameter", "参数错误：taskId")
    return task


def _person(call: Call, userid: str, *, code: str) -> Person:
    if not userid:
        raise refused(code, "操作人userid不能为空")
    person = call.session.get(Person, userid)
    if person is None or not person.is_active:
        raise refused("userNotExist", "用户不存在")
    return person


def _cannot_be_executed() -> ApiError:
    return refused("aflowProcessInstCanNotBeExecuted", "审批状态异常，无法执行")
