"""Ends what nobody decided in time, before it is forgotten and surprises somebody months later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.models import Approval
from portal.rules.approval_state import ApprovalState, WithdrawalPurpose
from portal.services.approval_rows import move, sum_up_request
from portal.services.audit import PORTAL, record
from portal.services.notices.notice_promises import promise_notice
from portal.services.outcomes.deciders import end_turns
from portal.services.outcomes.gone_instances import is_gone
from portal.services.starting.start_attempts import plan_late_look

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
# Few enough that callbacks hardly wait for SQLite's only write lock.
TOGETHER = 50
# Where neither a call is under way nor an instance runs.
NOTHING_RUNS = (
    ApprovalState.AWAITING_ACCEPTANCE,
    ApprovalState.SUBMITTED,
    ApprovalState.NEEDS_CHOICE,
    ApprovalState.COULD_NOT_START,
)


@dataclass(frozen=True, kw_only=True)
class Lapsing:
    """Ends what is in the portal's hands at once; what runs in DingTalk is withdrawn there first."""

    clock: Clock

    def go_round(self) -> timedelta:
        """Let one lot of overdue approvals lapse; returns the pause until the next."""
        with transaction() as session:
            overdue = session.scalars(
                select(Approval)
                .where(
                    Approval.lapses_at <= self.clock.now(),
                    Approval.withdrawal_requested_at.is_(None),
                )
                .order_by(Approval.id)
                .limit(TOGETHER)
                .with_for_update(skip_locked=True, of=Approval)
            ).all()
            for approval in overdue:
                try:
                    with session.begin_nested():
                        self._lapse(session, approval)
                except Exception:  # one bad row must not keep all others waiting
                    log.exception("lapsing.failed", approval=approval.id)
        if overdue:
            log.info("lapsing.round", approvals=len(overdue))
        return timedelta() if len(overdue) == TOGETHER else EVERY

    def _lapse(self, session: Session, approval: Approval) -> None:
        """End a locked approval, or ask for its end: whoever decides before that is done has decided."""
        now = self.clock.now()
        is_here = approval.channel == ChannelName.IN_PLATFORM
        if approval.state in NOTHING_RUNS or is_here or is_gone(approval):
            before = approval.state
            move(approval, ApprovalState.LAPSED)
            approval.closed_at, approval.failure = now, None
            end_turns(approval)
            if approval.instance_id is None and not is_here:
                plan_late_look(approval, at=now)
            else:
                approval.due_at = None
            sum_up_request(approval.request, at=now)
            promise_notice(session, approval, at=now)
            subject = ("approval", approval.number)
            record(session, PORTAL, "approval.lapsed", at=now, subject=subject, before={"state": before})
            return
        approval.withdrawal_requested_at = now
        approval.withdrawal_purpose = WithdrawalPurpose.LAPSE
        approval.failure = None
        if approval.state == ApprovalState.PENDING:
            approval.due_at = now
        record(session, PORTAL, "approval.lapse_asked", at=now, subject=("approval", approval.number))
