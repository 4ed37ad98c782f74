"""What becomes of an approval without an instance: it could not start, waits for a choice, or was withdrawn."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.models import Approval
from portal.rules.approval_state import ApprovalState, end_meant
from portal.services.approval_rows import move
from portal.services.audit import PORTAL, record
from portal.services.notices.notice_promises import promise_notice
from portal.services.starting.start_attempts import plan_late_look


def give_up(session: Session, approval: Approval, *, at: datetime) -> None:
    """Say that it could not start, for the failure on the row; withdrawn where that was asked for."""
    move(approval, ApprovalState.COULD_NOT_START)
    plan_late_look(approval, at=at)
    record(
        session,
        PORTAL,
        "start.gave_up",
        at=at,
        subject=("approval", approval.number),
        after={"failure": (approval.failure or {}).get("kind")},
    )
    withdraw_if_asked(session, approval, at=at)
    promise_notice(session, approval, at=at)


def wait_for_choice(session: Session, approval: Approval, *, at: datetime) -> None:
    """Let the requester choose approvers again, for the failure on the row: nothing was created."""
    move(approval, ApprovalState.NEEDS_CHOICE)
    approval.attempt -= 1  # the reference stays what it is
    approval.due_at = None
    failure = approval.failure or {}
    record(
        session,
        PORTAL,
        "start.needs_choice",
        at=at,
        subject=("approval", approval.number),
        after={"failure": failure.get("kind"), **failure.get("facts", {})},
    )
    withdraw_if_asked(session, approval, at=at)
    promise_notice(session, approval, at=at)


def withdraw_if_asked(session: Session, approval: Approval, *, at: datetime) -> None:
    """End an approval that was to be withdrawn as soon as it is certain that nothing runs."""
    if approval.withdrawal_requested_at is None:
        return
    before = approval.state
    move(approval, end_meant(ApprovalState.WITHDRAWN, approval.withdrawal_purpose))
    approval.closed_at, approval.failure = at, None
    plan_late_look(approval, at=at)
    record(
        session,
        PORTAL,
        "approval.outcome",
        at=at,
        subject=("approval", approval.number),
        before={"state": before},
        after={"state": approval.state},
    )
