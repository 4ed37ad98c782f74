"""Where a Test stands: one state for each line of its checklist."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.channels.failures import Failure
from portal.models import Trial
from portal.rules.approval_state import ApprovalState, is_final


class LineState(StrEnum):
    """How a line of the checklist is drawn."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The four lines, and what a person needs beside them.

    ``is_proved`` says that the whole loop works; ``needs_diagnosis`` that the start event should have come.
    ``is_worker_missing`` that nobody is there to do the work, ``calls_stopped_until`` that the month's calls are
    used up and no failure of its own says so.
    """

    token: LineState
    instance: LineState
    event: LineState
    withdrawal: LineState
    state: str
    failure: Failure | None
    is_running: bool
    is_retrying: bool
    is_proved: bool
    needs_diagnosis: bool
    is_worker_missing: bool
    calls_stopped_until: datetime | None

    def mark(self, *, finding: str) -> str:
        """Return a short text that is different as soon as a person would see something different."""
        return hashlib.sha256(repr((self, finding)).encode()).hexdigest()[:12]


def progress_of(
    trial: Trial,
    *,
    is_running: bool,
    is_event_overdue: bool,
    is_worker_alive: bool,
    calls_stopped_until: datetime | None,
) -> Progress:
    """Return where ``trial`` stands."""
    approval = trial.approval
    failure = Failure.from_json(approval.failure) if approval.failure else None
    has_given_up = approval.state == ApprovalState.COULD_NOT_START
    is_started = approval.instance_id is not None
    has_event = trial.start_event_at is not None
    needs_diagnosis = is_event_overdue and not has_event
    return Progress(
        token=_line(
            is_done=trial.token_obtained_at is not None, is_failed=has_given_up, is_next=approval.attempt > 0
        ),
        instance=_line(
            is_done=is_started,
            is_failed=has_given_up and trial.token_obtained_at is not None,
            is_next=trial.token_obtained_at is not None,
        ),
        event=_line(is_done=has_event, is_failed=needs_diagnosis, is_next=is_started),
        withdrawal=_withdrawal(trial),
        state=approval.state,
        failure=None if is_final(approval.state) else failure,
        is_running=is_running,
        is_retrying=failure is not None and is_running,
        is_proved=has_event and is_started,
        needs_diagnosis=needs_diagnosis,
        is_worker_missing=not is_worker_alive and is_running,
        calls_stopped_until=calls_stopped_until if is_running and failure is None else None,
    )


def _withdrawal(trial: Trial) -> LineState:
    approval = trial.approval
    is_asked = approval.withdrawal_requested_at is not None
    return _line(
        is_done=is_final(approval.state),
        is_failed=approval.state == ApprovalState.PENDING and not is_asked,
        is_next=approval.state == ApprovalState.PENDING,
    )


def _line(*, is_done: bool, is_failed: bool, is_next: bool) -> LineState:
    if is_done:
        return LineState.DONE
    if is_failed:
        return LineState.FAILED
    return LineState.RUNNING if is_next else LineState.PENDING
