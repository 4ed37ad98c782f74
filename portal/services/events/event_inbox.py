"""The event inbox: match what DingTalk told us to an approval, and wake the work that reads the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import Select, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session

from portal.channels.dingtalk.callback import outcomes_told, person_told
from portal.clock import Clock
from portal.database import transaction
from portal.models import Approval, ApprovalTemplate, CallbackEvent, StrayInstance
from portal.models.callback_event import EventState
from portal.models.stray_instance import StrayState
from portal.rules.approval_state import ApprovalState, agrees_with, is_final
from portal.services.events.event_lines import lines_about, tell
from portal.services.outcomes.deciders import is_awaited
from portal.services.starting.twins import note_stray, reason_to_ignore, stray_with

log = structlog.get_logger(__name__)

INSTANCE_CHANGE = "bpms_instance_change"
TASK_CHANGE = "bpms_task_change"
APPROVAL_EVENTS = (INSTANCE_CHANGE, TASK_CHANGE)
STARTED = "start"
UNKNOWN_INSTANCE = "unknown_instance"
# Reason of an event that could not be sorted, followed by the class of what was raised.
BROKEN = "broken:"
LONGEST_REASON = 64
DATABASE_AWAY = (OperationalError, InterfaceError, NoConnectionFree)
# An event may come before our own commit of the instance id, or belong to a start that is being resolved.
RETRY_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 4, 15, 60, 180, 420))
# After a second our own commit is there in nearly every case: a search would be spent for nothing before.
WAKES_SEARCHES_AT = 1
# After 80 seconds, longer than any start takes: then the instance itself is asked whose it is, once.
STRAY_AT = 4


@dataclass(frozen=True, kw_only=True)
class EventInbox:
    """Sorts received events; never calls DingTalk."""

    clock: Clock

    def sort_due(self, *, limit: int) -> int:
        """Sort up to ``limit`` due events, oldest first, and return how many.

        An event that cannot be sorted does not stop the others: it is tried again a few times, then parked.
        """
        due = (
            select(CallbackEvent)
            .where(CallbackEvent.due_at <= self.clock.now())
            .order_by(CallbackEvent.due_at, CallbackEvent.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        try:
            with transaction() as session:
                events = session.scalars(due).all()
                self._sort_all(session, events)
                lines = lines_about(events)
        except DATABASE_AWAY:
            raise  # no event's fault
        except Exception:
            log.exception("events.not_sorted_together")
            return self._sort_singly(due.with_only_columns(CallbackEvent.id))
        tell(lines)
        return len(events)

    def try_again(self, event: CallbackEvent) -> None:
        """Take a parked event back into the inbox, inside the caller's transaction."""
        event.state, event.reason, event.attempts = EventState.RECEIVED, None, 0
        event.due_at, event.settled_at = self.clock.now(), None

    def settle(self, event: CallbackEvent, state: EventState, reason: str | None) -> None:
        """Note that an event is done with, inside the caller's transaction; its payload may be pruned one day."""
        event.state, event.reason = state, reason
        event.due_at, event.settled_at = None, self.clock.now()

    def _sort_all(self, session: Session, events: Sequence[CallbackEvent]) -> None:
        told = {event.instance_id for event in events if event.event_type in APPROVAL_EVENTS}
        known = self._approvals(session, told - {None})
        ours = self._our_templates(session, {event.process_code for event in events} - {None})
        for event in events:
            approval = known.get(event.instance_id or "")
            self._sort(session, event, approval, may_be_ours=event.process_code in {None, *ours})

    def _sort_singly(self, due: Select[tuple[int]]) -> int:
        """Sort each in a transaction of its own; the ids are read alone, as a whole row may be what is broken."""
        with transaction() as session:
            event_ids = session.scalars(due).all()
        for event_id in event_ids:
            still_due = select(CallbackEvent).where(
                CallbackEvent.id == event_id, CallbackEvent.due_at <= self.clock.now()
            )
            try:
                with transaction() as session:
                    events = session.scalars(still_due.with_for_update()).all()
                    self._sort_all(session, events)
                    lines = lines_about(events)
            except DATABASE_AWAY:
                raise
            except Exception as error:
                log.exception("event.not_sorted", event_id=event_id)
                self._put_off(event_id, error)
            else:
                tell(lines)
        return len(event_ids)

    def _put_off(self, event_id: int, error: Exception) -> None:
        """Let an event that cannot be sorted come back later, or park it, without reading the rest of its row."""
        its_row = update(CallbackEvent).where(CallbackEvent.id == event_id)
        is_still_open = CallbackEvent.id == event_id, CallbackEvent.due_at.is_not(None)
        with transaction() as session:
            attempts = session.scalar(select(CallbackEvent.attempts).where(*is_still_open).with_for_update())
            if attempts is None:
                return  # another worker could
            if attempts < len(RETRY_PAUSES):
                due_at = self.clock.now() + RETRY_PAUSES[attempts]
                session.execute(its_row.values(attempts=attempts + 1, due_at=due_at))
                return
            reason = f"{BROKEN}{type(error).__name__}"[:LONGEST_REASON]
            session.execute(its_row.values(state=EventState.PARKED, reason=reason, due_at=None))
        log.warning("event.parked", event_id=event_id, reason=reason)

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

    @staticmethod
    def _our_templates(session: Session, process_codes: set[str | None]) -> set[str]:
        """Return which of these templates are or were in use here."""
        codes = select(ApprovalTemplate.process_code).where(ApprovalTemplate.process_code.in_(process_codes))
        return set(session.scalars(codes)) if process_codes else set()

    def _sort(
        self, session: Session, event: CallbackEvent, approval: Approval | None, *, may_be_ours: bool
    ) -> None:
        if event.event_type not in APPROVAL_EVENTS or not event.instance_id:
            self.settle(event, EventState.IGNORED, "not_an_approval_event")
        elif approval is not None:
            self._known_instance(event, approval)
        elif may_be_ours:
            self._unknown_instance(session, event)
        else:
            self.settle(event, EventState.IGNORED, "foreign_template")

    def _known_instance(self, event: CallbackEvent, approval: Approval) -> None:
        event.approval_id = approval.id
        approval.heard_at = max(approval.heard_at or event.received_at, event.received_at)
        if event.kind == STARTED and not _asks_somebody_new(event, approval):
            trial = approval.trial
            if event.event_type == INSTANCE_CHANGE and trial is not None and trial.start_event_at is None:
                trial.start_event_at = event.received_at
            # It tells nothing that the detail would add, and every read is counted by DingTalk.
            self.settle(event, EventState.APPLIED, None)
        elif is_final(approval.state) and not _contradicts(event, approval):
            self.settle(event, EventState.APPLIED, "already_final")
        else:
            event.state, event.due_at = EventState.MATCHED, None
            approval.due_at = self.clock.now()

    def _unknown_instance(self, session: Session, event: CallbackEvent) -> None:
        stray = stray_with(session, event.instance_id)
        reason = reason_to_ignore(stray) if stray else None
        if stray is not None and reason is not None:
            event.approval_id = stray.approval_id
            self.settle(event, EventState.IGNORED, reason)
            if stray.state == StrayState.TWIN_STAYS and _outcomes_told(event):
                stray.due_at = self.clock.now()  # somebody ended what we could not
            return
        self._wait_for_its_approval(session, event, stray)

    def _wait_for_its_approval(
        self, session: Session, event: CallbackEvent, stray: StrayInstance | None
    ) -> None:
        """Try again for minutes; wake who may be looking for it, and let it be found out whose it is."""
        now = self.clock.now()
        if event.attempts == WAKES_SEARCHES_AT:
            for approval in self._searching(session, event):
                approval.due_at = now
        if event.attempts == STRAY_AT and event.instance_id and event.process_code is not None:
            note_stray(session, event.instance_id, at=now)
        is_being_found_out = stray is not None and stray.state == StrayState.FOUND
        if event.attempts >= len(RETRY_PAUSES) and not is_being_found_out:
            event.state, event.reason, event.due_at = EventState.PARKED, UNKNOWN_INSTANCE, None
            return
        event.due_at = now + RETRY_PAUSES[min(event.attempts, len(RETRY_PAUSES) - 1)]
        event.attempts += 1

    @staticmethod
    def _searching(session: Session, event: CallbackEvent) -> Sequence[Approval]:
        """Return approvals that look for an instance of this template: this event may be about it."""
        if event.event_type != INSTANCE_CHANGE or event.process_code is None:
            return ()
        return session.scalars(
            select(Approval)
            .join(ApprovalTemplate, Approval.template_id == ApprovalTemplate.id)
            .where(
                Approval.state == ApprovalState.START_UNKNOWN,
                ApprovalTemplate.process_code == event.process_code,
            )
            .order_by(Approval.id)
            .limit(20)
            .with_for_update(of=Approval)
        ).all()


def _asks_somebody_new(event: CallbackEvent, approval: Approval) -> bool:
    # Of countersigning and sending back DingTalk tells only this: a task for somebody who was not awaited.
    is_turn = event.event_type == TASK_CHANGE and approval.state == ApprovalState.PENDING and event.payload
    if not is_turn or approval.request_id is None:
        return False
    user_id = person_told(event.payload)
    if user_id is None or (approval.last_read_at is None and user_id == approval.approver.user_id):
        return False
    return not is_awaited(approval, user_id)


def _contradicts(event: CallbackEvent, approval: Approval) -> bool:
    # Only then is a read worth its call: every instance sends more events after the one that was answered.
    told = _outcomes_told(event)
    return bool(told) and not any(agrees_with(approval.state, each) for each in told)


def _outcomes_told(event: CallbackEvent) -> frozenset[ApprovalState]:
    can_tell = event.event_type == INSTANCE_CHANGE and event.payload
    return outcomes_told(event.payload) if can_tell else frozenset()
