"""An instance's detail in our words: where it stands, and what everybody did to it."""

from __future__ import annotations

from datetime import UTC, datetime

from portal.channels.approval_channel import Reading, Record, RecordKind
from portal.dingtalk.instances import InstanceDetail, InstanceResult, InstanceStatus, OperationRecord
from portal.dingtalk.loose_json import utc_from_iso
from portal.rules.approval_state import ApprovalState

_RECORD_KINDS = {
    "START_PROCESS_INSTANCE": RecordKind.SUBMITTED,
    "APPEND_TASK_BEFORE": RecordKind.COUNTERSIGN_BEFORE,
    "APPEND_TASK_AFTER": RecordKind.COUNTERSIGN_AFTER,
    "REDIRECT_TASK": RecordKind.HANDED_OVER,
    "REDIRECT_PROCESS": RecordKind.SENT_BACK,
    "ADD_REMARK": RecordKind.COMMENTED,
    "PROCESS_CC": RecordKind.COPIED,
    "TERMINATE_PROCESS_INSTANCE": RecordKind.WITHDRAWN,
}
_DECISIONS = {"AGREE": RecordKind.AGREED, "REFUSE": RecordKind.REFUSED}
_TERMINATE = "TERMINATE_PROCESS_INSTANCE"


def our_reading(detail: InstanceDetail) -> Reading:
    """Translate an instance's detail."""
    return Reading(
        state=_state(detail),
        records=tuple(_record(record) for record in detail.records),
        url=next((task.pc_url or task.mobile_url for task in reversed(detail.tasks)), None),
        requester_user_id=detail.originator_user_id,
        values=detail.values,
        began_at=utc_from_iso(detail.created_at_text),
    )


def _state(detail: InstanceDetail) -> ApprovalState:
    if detail.status == InstanceStatus.TERMINATED:
        ended_by = [record.user_id for record in detail.records if record.kind == _TERMINATE]
        own = bool(ended_by) and ended_by[-1] == detail.originator_user_id
        return ApprovalState.WITHDRAWN if own else ApprovalState.TERMINATED
    if detail.status == InstanceStatus.COMPLETED and detail.result == InstanceResult.AGREE:
        return ApprovalState.APPROVED
    if detail.status == InstanceStatus.COMPLETED and detail.result == InstanceResult.REFUSE:
        return ApprovalState.REJECTED
    return ApprovalState.PENDING


def _record(record: OperationRecord) -> Record:
    kind = _RECORD_KINDS.get(record.kind) or _DECISIONS.get(record.result, RecordKind.OTHER)
    return Record(
        kind=kind,
        user_id=record.user_id,
        remark=record.remark,
        occurred_at=record.at or datetime.fromtimestamp(0, UTC),
    )
