"""Events of instances and tasks, written in the same commit as the change they are about.

DingTalk: event-bpms-instance-change, event-bpms-task-change.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.sandbox import faults
from portal.sandbox.clock import now_ms
from portal.sandbox.faults import FaultName, SealPart
from portal.sandbox.settings import Subscription
from portal.sandbox.settings import load as load_settings
from portal.sandbox.tables import Delivery, DeliveryState, Fault, Instance, Task

INSTANCE_CHANGE = "bpms_instance_change"
TASK_CHANGE = "bpms_task_change"
EVENT_TYPES = (INSTANCE_CHANGE, TASK_CHANGE)
DEFAULT_LATE_SECONDS = 5.0
# An overtaken event waits for the next one, and goes by itself when there is none.
OVERTAKEN_SECONDS = 20.0


def announce_instance(session: Session, instance: Instance, *, change: str) -> None:
    """Announce ``start``, ``finish``, ``terminate`` or ``delete`` of an instance."""
    payload = _base(session, instance, event_type=INSTANCE_CHANGE)
    payload.update(type=change, createTime=instance.created_at, staffId=instance.originator_userid)
    payload.update(
        businessType="", url=oa_link(session.info["public_url"], instance, corp_id=session.info["corp_id"])
    )
    if instance.finished_at is not None:
        payload["finishTime"] = instance.finished_at
    if change == "finish":
        payload["result"] = instance.result
    enqueue(session, payload)


def announce_task(
    session: Session, task: Task, *, change: str, result: str = "", remark: str | None = None
) -> None:
    """Announce ``start``, ``finish`` (with ``result``) or ``cancel`` of a task."""
    payload = _base(session, task.instance, event_type=TASK_CHANGE)
    payload.update(type=change, taskId=task.task_id, createTime=task.created_at, staffId=task.userid)
    if task.finished_at is not None:
        payload["finishTime"] = task.finished_at
    if change == "finish":
        payload.update(result=result, remark=remark or "")
    enqueue(session, payload)


def announce_comment(session: Session, instance: Instance, *, userid: str, text: str) -> None:
    """Announce a comment as events of 2017 did: a task change without a task."""
    payload = _base(session, instance, event_type=TASK_CHANGE)
    payload.update(type="comment", content=text, staffId=userid, createTime=instance.created_at)
    enqueue(session, payload)


def oa_link(public_url: str, instance: Instance, *, corp_id: str, task_id: int | str = "") -> str:
    """The link events and tasks carry; it opens the sandbox's page of the instance."""
    query = {
        "corpid": corp_id,
        "dd_share": "false",
        "showmenu": "false",
        "dd_progress": "false",
        "back": "native",
        "procInstId": instance.id,
        "taskId": task_id,
        "swfrom": "isv",
        "dinghash": "approval",
        "dtaction": "os",
        "dd_from": "corp",
    }
    return f"{public_url}/dingtalk/mobile/homepage.htm?{urlencode(query)}#approval"


def enqueue(session: Session, payload: dict[str, Any]) -> None:
    """Put an event on its way if it is subscribed; faults set for its type may lose, copy, delay or spoil it."""
    subscription = load_settings(session).subscribed()
    if subscription is None or not _is_wanted(subscription, payload):
        return
    fault = faults.take(session, operation=payload["EventType"], for_event=True)
    delivery = _delivery(payload, fault)
    session.add(delivery)
    session.flush()
    if fault is not None and fault.name == FaultName.DUPLICATE_EVENT:
        session.add(_delivery(payload, fault))
    if fault is None:
        _let_overtaken_follow(session, after=delivery)


def _let_overtaken_follow(session: Session, *, after: Delivery) -> None:
    held = update(Delivery).where(
        Delivery.note == FaultName.REORDERED_EVENTS,
        Delivery.state == DeliveryState.WAITING,
        ~Delivery.attempts.any(),
        Delivery.due_at > after.due_at,
    )
    session.execute(held.values(due_at=after.due_at + 1))


def _delivery(payload: dict[str, Any], fault: Fault | None) -> Delivery:
    now, name = now_ms(), fault.name if fault else ""
    delay_seconds = 0.0
    if fault is not None and name == FaultName.LATE_EVENT:
        delay_seconds = DEFAULT_LATE_SECONDS if fault.seconds is None else fault.seconds
    if fault is not None and name == FaultName.REORDERED_EVENTS:
        delay_seconds = OVERTAKEN_SECONDS if fault.seconds is None else fault.seconds
    return Delivery(
        event_type=payload["EventType"],
        summary=f"{payload.get('type', '')} {payload.get('result', '')}".strip(),
        payload=payload,
        seal_fault=(fault.part or SealPart.AES_KEY) if fault and name == FaultName.WRONG_KEY else "",
        note=name,
        state=DeliveryState.LOST if name == FaultName.LOST_EVENT else DeliveryState.WAITING,
        created_at=now,
        due_at=now + int(delay_seconds * 1000),
    )


def _is_wanted(subscription: Subscription, payload: dict[str, Any]) -> bool:
    kind = payload["EventType"]
    if kind not in subscription.events:
        return False
    if kind == INSTANCE_CHANGE and subscription.types and payload["type"] not in subscription.types:
        return False
    return not subscription.process_codes or payload["processCode"] in subscription.process_codes


def _base(session: Session, instance: Instance, *, event_type: str) -> dict[str, Any]:
    now = now_ms()
    return {
        "EventType": event_type,
        "EventTime": now,
        "CorpId": session.info["corp_id"],
        "BizId": str(now),
        "eventId": secrets.token_hex(16),
        "processInstanceId": instance.id,
        "processCode": instance.process_code,
        "businessId": instance.business_id,
        "title": instance.title,
        "bizCategoryId": "",
    }
