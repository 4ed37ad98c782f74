"""The event inbox: match what DingTalk told us to an approval, and wake the work that reads the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.dingtalk.callback import outcomes_told
from portal.clock import Clock
from portal.database import transaction
from portal.models import Approval, ApprovalTemplate, CallbackEvent
from portal.models.callback_event import EventState
from portal.rules.approval_state import ApprovalState, is_final

log = structlog.get_logger(__name__)

INSTANCE_CHANGE = "bpms_instance_change"
TASK_CHANGE = "bpms_task_change"
APPROVAL_EVENTS = (INSTANCE_CHANGE, TASK_CHANGE)
STARTED = "start"
# An event may come before our own commit of the instance id, or belong to a start that is being resolved.
RETRY_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 4, 15, 60, 180, 420))


@dataclass(frozen=True, kw_only=True)
class EventInbox:
    """Sorts received events; never calls DingTalk."""

    clock: Clock

    def sort_due(self, *, limit: int) -> int:
        """Sort up to ``limit`` due events, oldest first, and return how many."""
        with transaction() as session:
            events = session.scalars(
                select(CallbackEvent)
                .where(CallbackEvent.due_at <= self.clock.now())
                .order_by(CallbackEvent.due_at, CallbackEvent.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            told = {event.instance_id for event in events if event.event_type in APPROVAL_EVENTS}
            known = self._approvals(session, told - {None})
            for event in events:
                self._sort(session, event, known.get(event.instance_id or ""))
            return len(events)

    def try_again(self, event: CallbackEvent) -> None:
        """Take a parked event back into the inbox, inside the caller's transaction."""
        event.state, event.reason, event.attempts = EventState.RECEIVED, None, 0
        event.due_at = self.clock.now()

    @staticmethod
    def _approvals(session: Session, instance_ids: set[str | None]) -> dict[str | None, Approval]:
        """Return the approvals that these instances belong to, locked, in one look at the database."""
        if not instance_ids:
            return {}
        found = session.scalars(
            select(Approval)
            .where(Approval.instance_id.in_(instance_ids))
            .order_by(Approval.id)
            .with_for_update(of=Approval)
        ).all()
        return {each.instance_id: each for each in found}

    def _sort(self, session: Session, event: CallbackEvent, approval: Approval | None) -> None:
        if event.event_type not in APPROVAL_EVENTS or not event.instance_id:
            _close(event, EventState.IGNORED, "not_an_approval_event")
        elif approval is None:
            self._unknown_instance(session, event)
        else:
            self._known_instance(event, approval)

    def _known_instance(self, event: CallbackEvent, approval: Approval) -> None:
        event.approval_id = approval.id
        if event.kind == STARTED:
            trial = approval.trial
            if event.event_type == INSTANCE_CHANGE and trial is not None and trial.start_event_at is None:
                trial.start_event_at = event.received_at
            # A start tells nothing that the detail would add, and every read is counted by DingTalk.
            _close(event, EventState.APPLIED, None)
        elif is_final(approval.state) and not _contradicts(event, approval):
            _close(event, EventState.APPLIED, "already_final")
        else:
            event.state, event.due_at = EventState.MATCHED, None
            approval.due_at = self.clock.now()

    def _unknown_instance(self, session: Session, event: CallbackEvent) -> None:
        is_our_template = event.process_code is None or (
            session.scalar(select(ApprovalTemplate.id).filter_by(process_code=event.process_code)) is not None
        )
        if not is_our_template:
            _close(event, EventState.IGNORED, "foreign_template")
            return
        for approval in self._searching(session, event):
            approval.due_at = self.clock.now()
        if event.attempts >= len(RETRY_PAUSES):
            _close(event, EventState.PARKED, "unknown_instance")
            log.warning("event.parked", event_id=event.id, instance_id=event.instance_id)
            return
        event.due_at = self.clock.now() + RETRY_PAUSES[event.attempts]
        event.attempts += 1

    @staticmethod
    def _searching(session: Session, event: CallbackEvent) -> Sequence[Approval]:
        """Return approvals that look for an instance of this template: this event may be about it."""
        if event.attempts > 0 or event.process_code is None:
            return ()
        return session.scalars(
            select(Approval)
            .join(ApprovalTemplate, Approval.template_id == ApprovalTemplate.id)
            .where(
                Approval.state == ApprovalState.START_UNKNOWN,
                ApprovalTemplate.process_code == event.process_code,
            )
            .limit(20)
            .with_for_update(of=Approval)
        ).all()


def _contradicts(event: CallbackEvent, approval: Approval) -> bool:
    # Only then is a read worth its call: every instance sends more events after the one that was answered.
    told = outcomes_told(event.payload) if event.event_type == INSTANCE_CHANGE else frozenset()
    return bool(told) and approval.state not in told


def _close(event: CallbackEvent, state: EventState, reason: str | None) -> None:
    event.state, event.reason, event.due_at = state, reason, None
