"""Sync now: ask DingTalk where approvals stand without waiting for an event or the sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, func, or_, select, update
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, AuditEntry, Person
from portal.rules.approval_state import ApprovalState
from portal.services.audit import Actor, record
from portal.services.faults import Problem, ProblemReason
from portal.services.requests.access_requests import AccessRequests
from portal.services.work.chores import ChoreName, Chores
from portal.services.work.dingtalk_calls import DingTalkCalls

# DingTalk counts every read: people wait twice as long after each time within a day, admins are trusted further.
NOT_AGAIN_WITHIN = timedelta(minutes=1)
NOT_AGAIN_WITHIN_FOR_ADMINS = timedelta(seconds=30)
MOST_DOUBLINGS = 8
A_DAY = timedelta(days=1)
ACTION = "request.synced"
WOKEN_TOGETHER = 500
_RUNS_IN_DINGTALK = (Approval.state == ApprovalState.PENDING, Approval.channel == ChannelName.DINGTALK)


@dataclass(frozen=True, kw_only=True)
class Syncing:
    """Makes approvals due at once; the worker reads them, whatever is left of the month's calls."""

    clock: Clock
    requests: AccessRequests
    calls: DingTalkCalls
    chores: Chores

    def one(self, actor: Actor, person: Person, number: str) -> None:
        """Let one request be read now.

        Raises ``NotThere`` for people who may not see it, and ``Problem`` when nothing of it runs, when it was
        read a moment ago, or when calls run short: then only an admin may spend one.
        """
        request_id, is_admin = self.requests.view(person, number).request.id, person.is_organization_admin
        budget = self.calls.budget()
        if budget.is_stopped:
            raise Problem(ProblemReason.CALLS_STOPPED)
        if budget.is_short and not is_admin:
            raise Problem(ProblemReason.CALLS_RUN_SHORT)
        now = self.clock.now()
        with transaction() as session:
            running = session.scalars(
                select(Approval)
                .where(Approval.request_id == request_id, *_RUNS_IN_DINGTALK)
                .order_by(Approval.id)
                .with_for_update(of=Approval)
            ).all()
            if not running:
                raise Problem(ProblemReason.NOTHING_TO_SYNC)
            if all(each.due_at is not None and each.due_at <= now for each in running):
                return  # asked for already, by somebody or by an event
            read_at = max((each.last_read_at for each in running if each.last_read_at), default=None)
            pause = NOT_AGAIN_WITHIN_FOR_ADMINS if is_admin else self._patience(session, number)
            if read_at is not None and now < read_at + pause:
                raise Problem(ProblemReason.SYNCED_JUST_NOW, minutes=str(-(-pause // NOT_AGAIN_WITHIN)))
            for approval in running:
                approval.due_at = now
            record(session, actor, ACTION, at=now, subject=("access_request", number))

    def all(self, actor: Actor) -> int:
        """Let every open approval be read now, and the failed-push list; returns how many there are.

        Raises ``Problem(CALLS_STOPPED)`` while DingTalk answers no calls.
        """
        budget = self.calls.budget()
        if budget.is_stopped:
            raise Problem(ProblemReason.CALLS_STOPPED)
        now = self.clock.now()
        with transaction() as session:
            # In the order in which the inbox takes them.
            open_ids = session.scalars(
                select(Approval.id)
                .where(*_RUNS_IN_DINGTALK)
                .order_by(Approval.id)
                .with_for_update(of=Approval)
            ).all()
            for first in range(0, len(open_ids), WOKEN_TOGETHER):
                session.execute(_make_due(open_ids[first : first + WOKEN_TOGETHER], now=now))
            self.chores.wake(session, ChoreName.DRAIN_FAILED_PUSHES)
            subject, after = ("approval_settings", 1), {"approvals": len(open_ids)}
            record(session, actor, "approvals.synced", at=now, subject=subject, after=after)
        return len(open_ids)

    def open_approvals(self) -> int:
        """Count what running all would read, each by one counted call."""
        return db.session.scalar(select(func.count()).select_from(Approval).where(*_RUNS_IN_DINGTALK)) or 0

    def _patience(self, session: Session, number: str) -> timedelta:
        """Return how long after the last read this request may be asked about again."""
        times = session.scalar(
            select(func.count())
            .select_from(AuditEntry)
            .where(
                AuditEntry.subject_type == "access_request",
                AuditEntry.subject_id == number,
                AuditEntry.action == ACTION,
                AuditEntry.occurred_at > self.clock.now() - A_DAY,
            )
        )
        return NOT_AGAIN_WITHIN * 2 ** min(times or 0, MOST_DOUBLINGS)


def _make_due(approval_ids: Sequence[int], *, now: datetime) -> Update:
    return (
        update(Approval)
        .where(Approval.id.in_(approval_ids), or_(Approval.due_at.is_(None), Approval.due_at > now))
        .values(due_at=now, version=Approval.version + 1)
        .execution_options(synchronize_session=False)
    )
