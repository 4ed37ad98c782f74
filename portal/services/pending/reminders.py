"""Lets a requester remind the approver, once in each quiet period.

In DingTalk approvers hear from OA itself; a reminder is the one notice that the portal sends them there. It is
promised with the moment that begins the next quiet period, so that two presses are one reminder.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, ApprovalSettings, Person
from portal.rules.approval_state import ApprovalState
from portal.services.audit import Actor, record
from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.notices.about_pending import promise_reminder

USUAL_PAUSE = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Reminders:
    """Reminds approvers."""

    clock: Clock

    def remind(self, actor: Actor, requester: Person, number: str, *, position: int) -> None:
        """Promise a work notice to the approver of one's own waiting approval.

        Raises ``NotThere`` and ``Problem``: ``NOBODY_TO_REMIND`` where nothing waits for a person whom DingTalk
        knows, ``REMINDED_JUST_NOW`` within the quiet period.
        """
        mine = select(AccessRequest.id).filter_by(number=number, requester_id=requester.id)
        pause = self.pause()
        with transaction() as session:
            approval = session.scalar(
                select(Approval)
                .where(Approval.request_id.in_(mine), Approval.position == position)
                .with_for_update(of=Approval)
            )
            if approval is None:
                raise NotThere
            if not can_be_reminded(approval):
                raise Problem(ProblemReason.NOBODY_TO_REMIND)
            now = self.clock.now()
            again_at = may_remind_at(approval, pause=pause)
            if again_at is not None and now < again_at:
                raise Problem(ProblemReason.REMINDED_JUST_NOW)
            approval.nudged_at = now
            promise_reminder(session, approval, at=now)
            record(
                session,
                actor,
                "approval.reminded",
                at=now,
                subject=("approval", number),
                after={"position": position, "approver": approval.approver.name},
            )

    def pause(self) -> timedelta:
        """Return how long after a reminder the approver is left in peace."""
        hours = db.session.scalar(select(ApprovalSettings.nudge_pause_hours))
        return timedelta(hours=hours) if hours is not None else USUAL_PAUSE


def can_be_reminded(approval: Approval) -> bool:
    """Whether an approval waits for one approver who gets work notices; a designed flow reminds its people itself."""
    return (
        approval.state == ApprovalState.PENDING
        and approval.request_id is not None
        and approval.withdrawal_requested_at is None
        and approval.chosen_approvers is None
        and approval.approver.is_dingtalk_person
    )


def may_remind_at(approval: Approval, *, pause: timedelta) -> datetime | None:
    """Return when the approver may be reminded again, None where they were not reminded yet."""
    return approval.nudged_at + pause if approval.nudged_at is not None else None
