"""Approvals that run in their channel: withdraw them where that is wanted, and read what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from flask_babel import force_locale, gettext

from portal.channels.approval_channel import ApprovalChannel
from portal.channels.failures import NOT_IN_THIS_STATE, ChannelError, Failure, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval
from portal.rules.approval_state import ApprovalState, WithdrawalPurpose
from portal.services.approval_rows import locked, order_of
from portal.services.audit import PORTAL, record
from portal.services.outcomes.outcomes import Outcomes
from portal.services.pending.deadlines import put_off
from portal.services.work.retry_pauses import WITHDRAWAL_WAIT

log = structlog.get_logger(__name__)

WITHDRAWAL_GIVES_UP_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class RunningApprovals:
    """Looks after approvals between their start and their outcome."""

    clock: Clock
    outcomes: Outcomes

    def follow(self, approval_id: int, channel: ApprovalChannel) -> None:
        """Ask for the withdrawal if one is wanted and due, and read what became of the instance."""
        approval = db.session.get_one(Approval, approval_id)
        instance_id = approval.instance_id or ""
        requester_user_id = order_of(approval).requester_user_id
        remark = _remark(approval)
        asked_at, started_at = approval.withdrawal_requested_at, approval.started_at
        db.session.rollback()
        if asked_at and started_at:
            if self.clock.now() >= started_at + WITHDRAWAL_WAIT:
                self._withdraw(
                    approval_id, channel, instance_id, requester_user_id=requester_user_id, remark=remark
                )
            elif not self.outcomes.has_waiting_events(approval_id):
                # Reading now would be a counted call more: the withdrawal is followed by one anyway.
                self._wait_until_it_may_be_withdrawn(approval_id)
                return
        self.outcomes.read(approval_id, channel, instance_id)

    def _wait_until_it_may_be_withdrawn(self, approval_id: int) -> None:
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state == ApprovalState.PENDING:
                approval.due_at = self.outcomes.next_look(approval)

    def _withdraw(
        self,
        approval_id: int,
        channel: ApprovalChannel,
        instance_id: str,
        *,
        requester_user_id: str,
        remark: str,
    ) -> None:
        try:
            channel.withdraw(instance_id, requester_user_id=requester_user_id, remark=remark)
        except ChannelError as error:
            log.warning("withdrawal.failed", **error.failure.told)
            self._failed(approval_id, error.failure)

    def _failed(self, approval_id: int, failure: Failure) -> None:
        with transaction() as session:
            approval = locked(session, approval_id)
            asked_at = approval.withdrawal_requested_at
            if asked_at is None:
                return
            # "Not in this state" is the 15-second rule or an outcome that we are about to read.
            may_pass = failure.kind == NOT_IN_THIS_STATE or failure.retry != Retry.PERMANENT
            if may_pass and self.clock.now() - asked_at < WITHDRAWAL_GIVES_UP_AFTER:
                return
            approval.withdrawal_requested_at = None
            approval.failure = failure.to_json()
            put_off(approval, at=self.clock.now())
            record(
                session,
                PORTAL,
                "withdrawal.refused",
                at=self.clock.now(),
                subject=("approval", approval.number),
                after={"failure": failure.kind},
            )


def _remark(approval: Approval) -> str:
    """Return what the approver reads in DingTalk about why it ended."""
    with force_locale(approval.template.language):
        if approval.withdrawal_purpose == WithdrawalPurpose.ESCALATION:
            return gettext("Ended by the portal: nobody decided in time, somebody else is asked instead")
        if approval.withdrawal_purpose == WithdrawalPurpose.LAPSE:
            return gettext("Ended by the portal: nobody decided in time")
        return gettext("Withdrawn in the portal")
