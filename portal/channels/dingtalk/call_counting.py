"""Which calls DingTalk counts against the organisation's monthly quota."""

from __future__ import annotations

from dataclasses import dataclass

from portal.dingtalk.client import CallRecord
from portal.dingtalk.failures import FailureClass, classify
from portal.dingtalk.operations import COUNTED_BY_QUOTA, Operation

OK = "ok"
QUOTA_EXHAUSTED = FailureClass.QUOTA_EXHAUSTED.value
READ_FAILED_PUSHES = Operation.FAILED_PUSHES.value


@dataclass(frozen=True, kw_only=True)
class CallMade:
    """One call after its answer: ``result`` is ``ok`` or the kind of its failure."""

    operation: str
    result: str


def call_made(record: CallRecord) -> CallMade:
    """Return a call as it is counted."""
    if record.ok:
        return CallMade(operation=record.operation, result=OK)
    failure, _ = classify(operation=record.operation, http_status=record.http_status, code=record.code)
    return CallMade(operation=record.operation, result=failure.value)


def is_counted(*, operation: str, result: str) -> bool:
    """Whether the quota counts such a call: not what never left, not tokens, sign-in and basic contact calls.

    Source: DingTalk, call-frequency-limit and the quota pages. Whether refused calls count is not said; they
    are taken to.
    """
    return operation in COUNTED_BY_QUOTA and result != FailureClass.UNREACHABLE
