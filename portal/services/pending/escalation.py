"""Asks somebody of the next approver kind where nobody has decided for days.

What runs in DingTalk is ended there first, so that two people are never asked about one item at the same time;
whoever decides before that is done has decided. The row that replaces an approval is written in the commit that
ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, RequestItem
from portal.rules.approval_state import ApprovalState, WithdrawalPurpose
from portal.rules.approver_policy import Asking
from portal.services.approval_rows import hold_request, locked, move, sum_up_request
from portal.services.audit import PORTAL, record
from portal.services.outcomes.deciders import end_turns
from portal.services.outcomes.gone_instances import is_gone
from portal.services.pending.deadlines import put_off
from portal.services.pending.next_approvers import NextApprover, next_approvers
from portal.services.pending.replacement import replace_approval
from portal.services.requests.approver_choice import ApproverChoices

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
TOGETHER = 20
# Incidents: the one, beside which others are told of second instances.
NOBODY_LEFT, TWIN = "nobody_left", "twin"


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """Finds what waits for too long."""

    clock: Clock
    approvers: ApproverChoices
    public_url: str

    def go_round(self) -> timedelta:
        """Pass on, or ask to end, one lot of approvals; returns the pause until the next."""
        overdue = db.session.scalars(
            select(Approval.id)
            .where(
                Approval.escalates_at <= self.clock.now(),
                Approval.state == ApprovalState.PENDING,
                Approval.withdrawal_requested_at.is_(None),
            )
            .order_by(Approval.id)
            .limit(TOGETHER)
        ).all()
        for approval_id in overdue:
            try:
                self._escalate(approval_id)
            except Exception:  # one bad row must not keep all others waiting
                log.exception("escalation.failed", approval=approval_id)
        return timedelta() if len(overdue) == TOGETHER else EVERY

    def _escalate(self, approval_id: int) -> None:
        self._refresh(approval_id)
        with transaction() as session:
            approval, now = locked(session, approval_id), self.clock.now()
            is_overdue = approval.escalates_at is not None and approval.escalates_at <= now
            is_waiting = approval.state == ApprovalState.PENDING and approval.withdrawal_requested_at is None
            if approval.request is None or not is_overdue or not is_waiting:
                return  # somebody decided, or wants it ended, since it was looked for
            if is_gone(approval):
                put_off(approval, at=now)
            elif not next_approvers(session, approval, at=now):
                self._nobody_left(session, approval, now)
            elif approval.channel == ChannelName.IN_PLATFORM:
                self._end_here(session, approval, now)
            else:
                approval.withdrawal_requested_at = approval.due_at = now
                approval.withdrawal_purpose = WithdrawalPurpose.ESCALATION
                approval.failure = None
                record(
                    session,
                    PORTAL,
                    "approval.escalation_asked",
                    at=now,
                    subject=("approval", approval.number),
                    before={"approver": approval.approver.name},
                )

    def _refresh(self, approval_id: int) -> None:
        """Let it be known freshly who is still there; without an answer of DingTalk what is known counts."""
        approval = db.session.get_one(Approval, approval_id)
        request = approval.request
        wanted = select(RequestItem.resource_id).filter_by(approval_id=approval_id)
        resource_ids = set(db.session.scalars(wanted))
        if request is not None:
            asking = Asking(requester_id=request.requester_id, grantee_id=request.grantee_id)
            self.approvers.refresh_all(resource_ids, asking=asking)
        db.session.rollback()

    def _end_here(self, session: Session, approval: Approval, now: datetime) -> None:
        lapses_at = approval.lapses_at
        move(approval, ApprovalState.ESCALATED)
        approval.closed_at, approval.due_at = now, None
        end_turns(approval)
        self.pass_on(session, approval, lapses_at=lapses_at, at=now)
        sum_up_request(approval.request, at=now)

    @staticmethod
    def _nobody_left(session: Session, approval: Approval, now: datetime) -> None:
        """Keep waiting, say so once, and look again in a day: an admin may have named somebody by then."""
        put_off(approval, at=now)
        if (approval.incident or {}).get("kind", TWIN) == TWIN:
            told = {"kind": NOBODY_LEFT, "at": now.isoformat(), "told": approval.state}
            approval.incident = {**(approval.incident or {}), **told}
            subject = ("approval", approval.number)
            record(session, PORTAL, "approval.nobody_left_to_ask", at=now, subject=subject)

    def pass_on(
        self, session: Session, approval: Approval, *, lapses_at: datetime | None, at: datetime
    ) -> None:
        """Ask the next approvers in place of a locked approval that was ended for it, in the caller's commit.

        Its items go to one new approval for each of them. Should nobody be left in the moment that it was ended,
        the same approver is asked again: nothing ends without a decision because the policy changed.
        """
        request = approval.request
        if request is None:
            return
        hold_request(session, request)
        chosen = next_approvers(session, approval, at=at) or _the_same_again(session, approval)
        position = session.scalar(select(func.max(Approval.position)).filter_by(request_id=request.id)) or 0
        for number, each in enumerate(chosen, start=position + 1):
            made = replace_approval(
                session,
                request,
                approval,
                each,
                position=number,
                lapses_at=lapses_at,
                public_url=self.public_url,
                at=at,
            )
            record(
                session,
                PORTAL,
                "approval.escalated",
                at=at,
                subject=("approval", request.number),
                before={"position": approval.position, "approver": approval.approver.name},
                after={"position": made.position, "approver": each.person.name},
            )
        log.info("approval.escalated", number=request.number, approvals=len(chosen))


def _the_same_again(session: Session, approval: Approval) -> Sequence[NextApprover]:
    items = session.scalars(select(RequestItem).filter_by(approval_id=approval.id).order_by(RequestItem.id))
    return [NextApprover.same_as(approval, tuple(items))]
