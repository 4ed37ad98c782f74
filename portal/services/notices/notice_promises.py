"""Promises to tell somebody something: written with the change that it is about, kept by ``work_notices``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Approval, ApprovalSettings, Person, WorkNotice
from portal.rules.approval_state import DOES_NOT_COUNT, ApprovalState


class NoticeKind(StrEnum):
    """What people are told about, each switched on or off by itself; ``notice_writing`` says who words each."""

    APPROVED = "approved"
    REJECTED = "rejected"
    TERMINATED = "terminated"
    NEEDS_CHOICE = "needs_choice"
    COULD_NOT_START = "could_not_start"
    LAPSED = "lapsed"
    ASKED_FOR_YOU = "asked_for_you"
    DECLINED = "declined"
    REMINDER = "reminder"
    TO_DECIDE = "to_decide"
    GRANT_ACTIVE = "grant_active"
    GRANT_FAILING = "grant_failing"
    GRANT_ENDS_IN_A_WEEK = "grant_ends_in_a_week"
    GRANT_ENDS_TOMORROW = "grant_ends_tomorrow"
    GRANT_EXPIRED = "grant_expired"
    GRANT_REVOKED = "grant_revoked"
    GRANT_TASK = "grant_task"


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
    ApprovalState.LAPSED: NoticeKind.LAPSED,
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
    if kind is None or request is None:
        return
    promise(
        session,
        kind,
        subject=_subject(approval),
        request_id=request.id,
        person=request.requester,
        at=at,
    )


def promise(
    session: Session, kind: NoticeKind, *, subject: str, request_id: int, person: Person, at: datetime
) -> None:
    """Promise one notice to somebody, inside the transaction of the change that it is about.

    ``subject`` (at most 64 characters) and ``kind`` name the news: promised again, it is told once all the same.
    Nothing is promised of a kind that is switched off, or to people who are nobody in DingTalk.
    """
    if kind in switched_off(session) or not person.is_dingtalk_person:
        return
    if session.scalar(select(WorkNotice.id).filter_by(subject=subject, kind=kind)) is not None:
        return
    session.add(
        WorkNotice(
            subject=subject,
            kind=kind,
            request_id=request_id,
            person_id=person.id,
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
    """Return the kinds that an admin does not want to be sent; whoever promises much holds the row at hand."""
    settings = session.get(ApprovalSettings, 1)
    return frozenset(settings.notices_off if settings else ())


def _subject(approval: Approval) -> str:
    """Each attempt may fail anew, and each is news; an approval ends once."""
    return f"{approval.number}/{approval.position}/{approval.attempt}"
