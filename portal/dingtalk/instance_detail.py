"""What DingTalk says about one process instance, read tolerantly and never more favourably than it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    """Something that was done in an instance; ``at`` has minute precision, so the order of the records counts.

    ``kind`` is an open set: ``START_PROCESS_INSTANCE``, ``EXECUTE_TASK_NORMAL``, ``REDIRECT_TASK``, ``ADD_REMARK``,
    ``TERMINATE_PROCESS_INSTANCE`` … ``result`` is ``AGREE``, ``REFUSE`` or ``NONE``.
    """

    user_id: str
    at: datetime | None
    kind: str
    result: str
    remark: str
    activity_id: str
    show_name: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """One person's turn. A ``user_id`` such as ``V00_…`` is a placeholder, not a person: give it no rights."""

    task_id: str
    user_id: str
    status: str
    result: str
    activity_id: str
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
    records: tuple[OperationRecord, ...]
    tasks: tuple[Task, ...]
    values: Mapping[str, str]
