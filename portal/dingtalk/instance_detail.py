"""What DingTalk says about one process instance, read tolerantly and never more favourably than it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from portal.dingtalk.loose_json import Json, mappings, sequence, text, utc_from_iso, web_address

Word = TypeVar("Word", bound=StrEnum)


class InstanceStatus(StrEnum):
    """Where an instance stands; anything DingTalk may add is ``UNKNOWN``, which is never an approval."""

    RUNNING = "RUNNING"
    TERMINATED = "TERMINATED"
    COMPLETED = "COMPLETED"
    UNKNOWN = "UNKNOWN"


class InstanceResult(StrEnum):
    """How an instance was decided; ``NONE`` while it runs and after a withdrawal."""

    AGREE = "agree"
    REFUSE = "refuse"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class OperationRecord:
    """Something that was done in an instance; ``at`` is precise to the minute, so go by the records' order.

    ``kind`` is an open set: ``START_PROCESS_INSTANCE``, ``EXECUTE_TASK_NORMAL``, ``REDIRECT_TASK``,
    ``ADD_REMARK``, ``TERMINATE_PROCESS_INSTANCE`` … ``result`` is ``AGREE``, ``REFUSE`` or ``NONE``.
    ``copied_user_ids`` are those whom a ``PROCESS_CC`` sent a copy to.
    """

    user_id: str
    at: datetime | None
    kind: str
    result: str
    remark: str
    activity_id: str
    show_name: str
    copied_user_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Task:
    """One person's turn; a ``user_id`` such as ``V00_…`` is a placeholder, so give it no rights.

    ``status`` is ``NEW``, ``RUNNING``, ``PAUSED``, ``CANCELED``, ``COMPLETED`` or ``TERMINATED``, ``result``
    ``AGREE``, ``REFUSE``, ``REDIRECTED`` or nothing; ``group_name`` is what the flow calls the node.
    """

    task_id: str
    user_id: str
    status: str
    result: str
    activity_id: str
    group_name: str
    created_at: datetime | None
    finished_at: datetime | None
    mobile_url: str | None
    pc_url: str | None


@dataclass(frozen=True, kw_only=True)
class InstanceDetail:
    """An instance at the moment it was read. Approved means ``status`` COMPLETED **and** ``result`` agree."""

    title: str
    business_id: str
    status: InstanceStatus
    result: InstanceResult
    originator_user_id: str
    created_at_text: str
    finished_at_text: str
    biz_action: str
    approver_user_ids: tuple[str, ...]
    records: tuple[OperationRecord, ...]
    tasks: tuple[Task, ...]
    values: Mapping[str, str]


def read_instance(result: Json) -> InstanceDetail:
    """Read the ``result`` of a detail call.

    Source: DingTalk, obtains-the-details-of-a-single-approval-instance-pop.
    """
    fields = mappings(result.get("formComponentValues"))
    return InstanceDetail(
        title=text(result.get("title")),
        business_id=text(result.get("businessId")),
        status=_known(text(result.get("status")).upper(), otherwise=InstanceStatus.UNKNOWN),
        result=_known(text(result.get("result")).lower(), otherwise=InstanceResult.NONE),
        originator_user_id=text(result.get("originatorUserId")),
        created_at_text=text(result.get("createTime")),
        finished_at_text=text(result.get("finishTime")),
        biz_action=text(result.get("bizAction")),
        approver_user_ids=tuple(text(each) for each in sequence(result.get("approverUserIds"))),
        records=tuple(_record(entry) for entry in mappings(result.get("operationRecords"))),
        tasks=tuple(_task(entry) for entry in mappings(result.get("tasks"))),
        values=MappingProxyType({text(field.get("name")): text(field.get("value")) for field in fields}),
    )


def _known(word: str, *, otherwise: Word) -> Word:
    try:
        return type(otherwise)(word)
    except ValueError:
        return otherwise


def _record(entry: Json) -> OperationRecord:
    return OperationRecord(
        user_id=text(entry.get("userId")),
        at=utc_from_iso(entry.get("date")),
        kind=text(entry.get("type")),
        result=text(entry.get("result")),
        remark=text(entry.get("remark")),
        activity_id=text(entry.get("activityId")),
        show_name=text(entry.get("showName")),
        copied_user_ids=tuple(text(each) for each in sequence(entry.get("ccUserIds"))),
    )


def _task(entry: Json) -> Task:
    return Task(
        task_id=text(entry.get("taskId")),
        user_id=text(entry.get("userId")),
        status=text(entry.get("status")),
        result=text(entry.get("result")),
        activity_id=text(entry.get("activityId")),
        group_name=text(entry.get("taskGroupName")),
        created_at=utc_from_iso(entry.get("createTime")),
        finished_at=utc_from_iso(entry.get("finishTime")),
        mobile_url=web_address(entry.get("mobileUrl")),
        pc_url=web_address(entry.get("pcUrl")),
    )
