"""Test: a real instance through the real code path, watched until its start event comes back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, Person, Trial
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.approver_policy import ChoiceReason
from portal.services.approval_settings import stored_settings
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.people import People
from portal.services.templates.form_values import trial_values
from portal.services.templates.template_flow import initiator_department

EVENT_EXPECTED_WITHIN = timedelta(seconds=30)
# DingTalk sends a lost event again after 10 and 30 seconds; an admin may also repair the cause meanwhile.
EVENT_AWAITED_FOR = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class LatestTrial:
    """What the settings page says about the newest trial."""

    id: int
    number: str
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Starts and shows Tests. ``public_url`` is the portal's own address."""

    clock: Clock
    people: People
    public_url: str

    def start(self, actor: Actor, admin: Person, *, approver_user_id: str) -> int:
        """Record a trial with its promise to start it and return its id; the approver is remembered.

        Raises ``Problem`` for admins who are not DingTalk people or without a template, ``FieldFault`` for
        the approver.
        """
        user_id, department_id = initiator_department(admin)
        if approver_user_id == user_id:
            raise FieldFault("approver", "is_yourself")
        approver_id = self.people.remember(approver_user_id)
        with transaction() as session:
            settings = stored_settings(session, self.clock)
            if settings.template is None:
                raise Problem(ProblemReason.NO_TEMPLATE)
            now = self.clock.now()
            trial = Trial(
                number=secrets.token_hex(12),  # replaced below, once the row has its id
                started_by_id=actor.person_id,
                department_id=department_id,
                language=settings.template.language,
                started_at=now,
            )
            session.add(trial)
            session.flush()
            trial.number = f"TEST-{now.year}-{trial.id:06d}"
            session.add(
                Approval(
                    trial=trial,
                    channel=ChannelName.DINGTALK,
                    template=settings.template,
                    approver_id=approver_id,
                    approver_reason=ChoiceReason.TRIAL,
                    state=ApprovalState.SUBMITTED,
                    due_at=now,
                    submitted_values=trial_values(
                        settings.template,
                        number=trial.number,
                        settings_page=f"{self.public_url}/settings/approval",
                        today=now.date(),
                    ),
                )
            )
            settings.trial_approver_id = approver_id
            record(
                session,
                actor,
                "trial.started",
                at=now,
                subject=("trial", trial.number),
                after={"approver_id": approver_id},
            )
            return trial.id

    def latest_of(self, template_id: int) -> LatestTrial | None:
        """Return the newest trial of one template."""
        row = db.session.execute(
            select(Trial.id, Trial.number, Trial.started_at)
            .join(Approval, Approval.trial_id == Trial.id)
            .where(Approval.template_id == template_id)
            .order_by(Trial.id.desc())
            .limit(1)
        ).one_or_none()
        return LatestTrial(id=row.id, number=row.number, started_at=row.started_at) if row else None

    def view(self, trial_id: int) -> Trial:
        """Return one trial; raises ``NotThere``."""
        trial = db.session.get(Trial, trial_id)
        if trial is None:
            raise NotThere
        return trial

    def has_proved_the_loop(self, template_id: int) -> bool:
        """Whether a trial of this template got its start event back."""
        return (
            db.session.scalar(
                select(Trial.id)
                .join(Approval, Approval.trial_id == Trial.id)
                .where(Approval.template_id == template_id, Trial.start_event_at.is_not(None))
                .limit(1)
            )
            is not None
        )

    def is_event_overdue(self, trial: Trial) -> bool:
        """Whether the start event should have come by now."""
        started_at = trial.approval.started_at
        return (
            trial.start_event_at is None
            and started_at is not None
            and self.clock.now() - started_at >= EVENT_EXPECTED_WITHIN
        )

    def is_running(self, trial: Trial) -> bool:
        """Whether anything about the trial can still change by itself; a late event may, for five minutes."""
        approval = trial.approval
        if approval.state == ApprovalState.COULD_NOT_START:
            return False
        if not is_final(approval.state) and approval.state != ApprovalState.PENDING:
            return True
        is_withdrawing = approval.withdrawal_requested_at is not None and not is_final(approval.state)
        return is_withdrawing or self._awaits_event(trial)

    def _awaits_event(self, trial: Trial) -> bool:
        started_at = trial.approval.started_at or trial.started_at
        return trial.start_event_at is None and self.clock.now() - started_at < EVENT_AWAITED_FOR
