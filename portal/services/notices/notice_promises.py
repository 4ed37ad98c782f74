"""Promises to tell a requester something: written with the change that it is about, kept by ``work_notices``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Approval, ApprovalSettings, WorkNotice
from portal.rules.approval_state import DOES_NOT_COUNT, ApprovalState


class NoticeKind(StrEnum):
    """What a requester is told about, each switched on or off by itself."""

    APPROVED = "approved"
    REJECTED = "rejected"
    TERMINATED = "terminated"
    NEEDS_CHOICE = "needs_choice"
    COULD_NOT_START = "could_not_start"


class NoticeState(StrEnum):
    """``SENT``: DingTalk took it; ``ARRIVED``: it says that it delivered it too.

    ``DROPPED``: it was no longer true, or not wanted. ``FAILED``: see its failure.
    """

    WAITING = "waiting"
    SENT = "sent"
    ARRIVED = "arrived"
    FAILED = "failed"
    DROPPED = "dropped"


# Which state of an approval each is about. A withdrawal is told to nobody: the requester asked for it.
KIND_OF_STATE = {
    ApprovalState.APPROVED: NoticeKind.APPROVED,
    ApprovalState.REJECTED: NoticeKind.REJECTED,
    ApprovalState.TERMINATED: NoticeKind.TERMINATED,
    ApprovalState.NEEDS_CHOICE: NoticeKind.NEEDS_CHOICE,
    ApprovalState.COULD_NOT_START: NoticeKind.COULD_NOT_START,
}
# These outcomes are decided by nobody who counts, or are told in two ways.
UNTRUE_INCIDENTS = DOES_NOT_COUNT | {"contradiction"}


def promise_notice(session: Session, approval: Approval, *, at: datetime) -> None:
    """Promise to tell the requester what has become of ``approval``, where that is news to them.

    Called inside the transaction of the change, after it. The same news is promised once, however often the
    change is found out about. Nothing is promised about Tests.
    """
    kind = news_of(approval)
    request = approval.request
    if kind is None or request is None or kind in switched_off(session):
        return
    if not request.requester.is_dingtalk_person:
        return
    subject = _subject(approval)
    if session.scalar(select(WorkNotice.id).filter_by(subject=subject, kind=kind)) is not None:
        return
    session.add(
        WorkNotice(
            subject=subject,
            kind=kind,
            request_id=request.id,
            person_id=request.requester_id,
            state=NoticeState.WAITING,
            due_at=at,
            created_at=at,
        )
    )


def news_of(approval: Approval) -> NoticeKind | None:
    """Return what there is to tell about an approval as it is now; nothing where its outcome does not count."""
    if (approval.incident or {}).get("kind") in UNTRUE_INCIDENTS:
        return None
    return KIND_OF_STATE.get(ApprovalState(approval.state))


def switched_off(session: Session) -> frozenset[str]:
    """Return the kinds that an admin does not want to be sent."""
    stored = session.scalar(select(ApprovalSettings.notices_off))
    return frozenset(stored or ())


def _subject(approval: Approval) -> str:
    """Each attempt may fail anew, and each is news; an approval ends once."""
    return f"{approval.number}/{approval.position}/{approval.attempt}"
