"""Until when an approval is waited for: when others are asked instead, and when nobody is any more.

An approval keeps the days that it was submitted under, whatever an admin sets later.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.models import Approval, ApprovalSettings

NOT_AGAIN_WITHIN = timedelta(days=1)


def set_deadlines(session: Session, approval: Approval, *, at: datetime) -> None:
    """Write, in the caller's commit, when an approval asked for at ``at`` is passed on and when it lapses.

    Called once its approver stands on the row. Where the requester chose approvers for the template's own flow,
    that flow says who is asked, so nothing is passed on.
    """
    settings = session.get(ApprovalSettings, 1)
    if settings is None:
        return
    has_own_flow = approval.chosen_approvers is not None
    approval.escalates_at = None if has_own_flow else _after(at, settings.escalates_after_days)
    approval.lapses_at = _after(at, settings.lapses_after_days)


def count_from_start(approval: Approval, *, at: datetime) -> None:
    """Give the approver of an approval that could only start at ``at`` as many days as any other has."""
    request = approval.request
    if approval.escalates_at is not None and request is not None and approval.replaces_id is None:
        asked_at = request.answered_at or request.submitted_at
        approval.escalates_at += max(at - asked_at, timedelta())


def put_off(approval: Approval, *, at: datetime) -> None:
    """Let the portal try again in a day what it could not do at ``at``: pass the approval on, or let it lapse."""
    approval.withdrawal_purpose = None
    later = at + NOT_AGAIN_WITHIN
    if approval.escalates_at is not None and approval.escalates_at <= at:
        approval.escalates_at = later
    if approval.lapses_at is not None and approval.lapses_at <= at:
        approval.lapses_at = later


def _after(at: datetime, days: int | None) -> datetime | None:
    return at + timedelta(days=days) if days is not None else None
