"""An instance's detail in our words: where it stands, whose turn it is, and what everybody did to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from portal.channels.approval_channel import Reading, Record, RecordKind, Turn, TurnState
from portal.channels.dingtalk.task_links import TaskLinks
from portal.dingtalk.instances import InstanceDetail, InstanceResult, InstanceStatus, OperationRecord
from portal.dingtalk.loose_json import utc_from_iso
from portal.rules.approval_state import ApprovalState

# DingTalk: obtains-the-details-of-a-single-approval-instance-pop. The set is open.
_RECORD_KINDS = {
    "START_PROCESS_INSTANCE": RecordKind.SUBMITTED,
    "APPEND_TASK_BEFORE": RecordKind.COUNTERSIGN_BEFORE,
    "APPEND_TASK_AFTER": RecordKind.COUNTERSIGN_AFTER,
    "REDIRECT_TASK": RecordKind.HANDED_OVER,
    "REDIRECT_PROCESS": RecordKind.SENT_BACK,
    "ADD_REMARK": RecordKind.COMMENTED,
    "PROCESS_CC": RecordKind.COPIED,
    "TERMINATE_PROCESS_INSTANCE": RecordKind.WITHDRAWN,
    "FINISH_PROCESS_INSTANCE": RecordKind.FINISHED,
}
_DECISIONS = {
    ("EXECUTE_TASK_NORMAL", "AGREE"): RecordKind.AGREED,
    ("EXECUTE_TASK_NORMAL", "REFUSE"): RecordKind.REFUSED,
    ("EXECUTE_TASK_AGENT", "AGREE"): RecordKind.DEPUTY_AGREED,
    ("EXECUTE_TASK_AGENT", "REFUSE"): RecordKind.DEPUTY_REFUSED,
}
# Which other EXECUTE_TASK_… there are is not documented; whatever they are, nobody is known to have decided.
_EXECUTED = "EXECUTE_"
_AUTOMATIC = {"AGREE": RecordKind.AUTOMATICALLY_AGREED, "REFUSE": RecordKind.AUTOMATICALLY_REFUSED}
_TURN_STATES = {"NEW": TurnState.UPCOMING, "RUNNING": TurnState.WAITING, "PAUSED": TurnState.PAUSED}
_TERMINATE = "TERMINATE_PROCESS_INSTANCE"


def our_reading(detail: InstanceDetail) -> Reading:
    """Translate an instance's detail.

    Records keep DingTalk's order: its times are precise to the minute, so they order nothing.
    """
    return Reading(
        state=_state(detail),
        records=tuple(_records(detail)),
        url=next((task.pc_url or task.mobile_url for task in reversed(detail.tasks)), None),
        requester_user_id=detail.originator_user_id,
        values=detail.values,
        began_at=utc_from_iso(detail.created_at_text),
        turns=tuple(_turns(detail)),
    )


def _state(detail: InstanceDetail) -> ApprovalState:
    """Return the instance's own state, never a task's."""
    if detail.status == InstanceStatus.TERMINATED:
        ended_by = [record.user_id for record in detail.records if record.kind == _TERMINATE]
        own = bool(ended_by) and ended_by[-1] == detail.originator_user_id
        return ApprovalState.WITHDRAWN if own else ApprovalState.TERMINATED
    if detail.status == InstanceStatus.COMPLETED and detail.result == InstanceResult.AGREE:
        return ApprovalState.APPROVED
    if detail.status == InstanceStatus.COMPLETED and detail.result == InstanceResult.REFUSE:
        return ApprovalState.REJECTED
    return ApprovalState.PENDING


def _records(detail: InstanceDetail) -> Iterator[Record]:
    links = TaskLinks(detail.records, detail.tasks, first_approvers=detail.approver_user_ids)
    for position, record in enumerate(detail.records):
        told = _record(record, others=links.others(position))
        if told.kind == RecordKind.SUBMITTED and position > 0:
            told = replace(told, kind=RecordKind.SUBMITTED_AGAIN)  # it had been sent back
        yield told
        released = links.released(position) if told.kind == RecordKind.AGREED else ()
        if released:
            yield Record(
                kind=RecordKind.RELEASED, user_id="", remark="", occurred_at=told.occurred_at, others=released
            )


def _record(record: OperationRecord, *, others: tuple[str, ...]) -> Record:
    kind = _kind(record)
    return Record(
        kind=kind,
        user_id=record.user_id,
        remark=record.remark,
        occurred_at=record.at or datetime.fromtimestamp(0, UTC),
        others=record.copied_user_ids if kind == RecordKind.COPIED else others,
        label=record.show_name if kind == RecordKind.OTHER else "",
    )


def _kind(record: OperationRecord) -> RecordKind:
    known = _RECORD_KINDS.get(record.kind) or _DECISIONS.get((record.kind, record.result))
    if known is None and record.kind.startswith(_EXECUTED):
        known = _AUTOMATIC.get(record.result)
    return known or RecordKind.OTHER


def _turns(detail: InstanceDetail) -> Iterator[Turn]:
    is_running = detail.status in (InstanceStatus.RUNNING, InstanceStatus.UNKNOWN)
    for task in detail.tasks:
        if not task.user_id:
            continue
        state = _TURN_STATES.get(task.status, TurnState.DONE)
        yield Turn(
            user_id=task.user_id,
            node_name=task.group_name,
            state=state if is_running else TurnState.DONE,
            since=task.created_at,
        )
