"""Read one instance (DingTalk: obtains-the-details-of-a-single-approval-instance-pop)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.api.errors import refused
from portal.sandbox.api.gate import Call
from portal.sandbox.cast import ROOT
from portal.sandbox.clock import minute_text
from portal.sandbox.config import SandboxConfig
from portal.sandbox.push.events import oa_link
from portal.sandbox.tables import Department, Instance, Record, Task


def read_instance(call: Call) -> dict[str, Any]:
    """``success`` is the text ``"true"`` here, and times are UTC minutes."""
    given = call.args.get("processInstanceId")
    if not given:
        raise refused("processInstanceIdError", "审批实例id错误")
    instance = find_instance(call.session, given)
    if instance is None:
        raise refused("processInstanceNotExist", "审批实例不存在")
    return {"success": "true", "result": detail_of(call.session, instance, config=call.sandbox.config)}


def find_instance(session: Session, instance_id: str) -> Instance | None:
    """By DingTalk's opaque id."""
    return session.scalar(select(Instance).where(Instance.id == instance_id))


def detail_of(session: Session, instance: Instance, *, config: SandboxConfig) -> dict[str, Any]:
    """An instance as the detail call shows it; ``result`` and ``finishTime`` only once they are known."""
    number = ROOT if instance.department_id == -1 else instance.department_id
    department = session.get(Department, number)
    shown: dict[str, Any] = {
        "title": instance.title,
        "businessId": instance.business_id,
        "createTime": minute_text(instance.created_at),
        "originatorUserId": instance.originator_userid,
        "originatorDeptId": str(instance.department_id),
        "originatorDeptName": department.name if department else "",
        "status": instance.status,
        "result": instance.result,
        "bizAction": "NONE",
        "bizData": "{}",
        "approverUserIds": instance.approver_userids,
        "ccUserIds": instance.cc_userids,
        "attachedProcessInstanceIds": [],
        "mainProcessInstanceId": "",
        "operationRecords": [_record(record) for record in instance.records],
        "tasks": [_task(task, config=config) for task in instance.tasks],
        "formComponentValues": instance.values,
    }
    if instance.finished_at is not None:
        shown["finishTime"] = minute_text(instance.finished_at)
    return shown


def _record(record: Record) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "userId": record.userid,
        "date": minute_text(record.at),
        "type": record.kind,
        "result": record.result,
    }
    if record.remark:
        shown["remark"] = record.remark
    if record.activity_id:
        shown["activityId"] = record.activity_id
    if record.name:
        shown["showName"] = record.name
    if record.cc_userids:
        shown["ccUserIds"] = record.cc_userids
    return shown


def _task(task: Task, *, config: SandboxConfig) -> dict[str, Any]:
    link = oa_link(config.public_url, task.instance, corp_id=config.corp_id, task_id=task.task_id)
    shown: dict[str, Any] = {
        "taskId": task.task_id,
        "userId": task.userid,
        "status": task.status,
        "result": task.result,
        "activityId": task.activity_id,
        "taskGroupName": task.name,
        "createTime": minute_text(task.created_at),
        "processInstanceId": task.instance.id,
        "mobileUrl": link,
        "pcUrl": link,
    }
    if task.finished_at is not None:
        shown["finishTime"] = minute_text(task.finished_at)
    return shown
