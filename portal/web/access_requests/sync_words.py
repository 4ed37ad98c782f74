"""What the status page says about asking DingTalk: when it was last asked, and whether calls are used up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.channels.dingtalk.call_counting import QUOTA_EXHAUSTED
from portal.models import Approval
from portal.rules.approval_state import ApprovalState, is_final
from portal.services.registry import services
from portal.services.work.due_work import LEASE

_WAITS_FOR_A_PERSON = (ApprovalState.COULD_NOT_START, ApprovalState.NEEDS_CHOICE)


@dataclass(frozen=True, kw_only=True)
class Sync:
    """``stopped_until`` is set while the request waits for calls and no notice of its own says so.

    ``mark`` differs whenever calls stop or go on, which changes no row of the request.
    """

    is_offered: bool
    is_asking: bool
    read_at: datetime | None
    stopped_until: datetime | None
    are_calls_stopped: bool
    mark: str


def sync_of(approvals: Sequence[Approval]) -> Sync:
    """Return what to show beside the state of a request, of whose approvals these are seen."""
    now, stopped_until = services().clock.now(), services().dingtalk_calls.stopped_until()
    running = [each for each in approvals if each.state == ApprovalState.PENDING]
    waits = [each for each in approvals if _waits_for_calls(each)]
    says_so_itself = any((each.failure or {}).get("kind") == QUOTA_EXHAUSTED for each in waits)
    soon = now + LEASE
    return Sync(
        is_offered=bool(running) and stopped_until is None,
        is_asking=any(
            each.due_at is not None and each.due_at <= soon and not each.withdrawal_requested_at
            for each in running
        ),
        read_at=max((each.last_read_at for each in running if each.last_read_at), default=None),
        stopped_until=stopped_until if waits and not says_so_itself else None,
        are_calls_stopped=stopped_until is not None,
        mark=stop_mark(stopped_until),
    )


def stop_mark(stopped_until: datetime | None) -> str:
    """Return what is added to a request's version while calls are used up."""
    return "-stopped" if stopped_until is not None else ""


def _waits_for_calls(approval: Approval) -> bool:
    return not is_final(approval.state) and approval.state not in _WAITS_FOR_A_PERSON
