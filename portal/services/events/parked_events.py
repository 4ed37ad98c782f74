"""Events that the inbox could not make sense of: shown to an admin, who has them sorted again or lets them be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, CallbackEvent
from portal.models.callback_event import EventState
from portal.services.audit import Actor, record
from portal.services.events.event_inbox import EventInbox
from portal.services.faults import NotThere, Problem, ProblemReason

LIST_LIMIT = 20
IGNORED_BY_ADMIN = "ignored_by_admin"


@dataclass(frozen=True, kw_only=True)
class EventView:
    """An event, and the approval that its instance belongs to by now, if to any."""

    event: CallbackEvent
    approval: Approval | None


@dataclass(frozen=True, kw_only=True)
class ParkedEvents:
    """What admins see of the inbox and decide about it."""

    clock: Clock
    inbox: EventInbox

    def newest(self, *, older_than: int | None = None) -> Sequence[EventView]:
        """Return at most ``LIST_LIMIT`` parked events, newest first, without their payloads.

        ``older_than`` is the id of the last event of the list before.
        """
        statement = select(CallbackEvent).filter_by(state=EventState.PARKED)
        if older_than is not None:
            statement = statement.where(CallbackEvent.id < older_than)
        newest_first = statement.order_by(CallbackEvent.id.desc()).limit(LIST_LIMIT)
        events = db.session.scalars(newest_first.options(defer(CallbackEvent.payload))).all()
        return _with_approvals(events)

    def view(self, event_id: int) -> EventView:
        """Return one event, parked or not; raises ``NotThere``."""
        event = db.session.get(CallbackEvent, event_id)
        if event is None:
            raise NotThere
        return _with_approvals([event])[0]

    def try_again(self, actor: Actor, event_id: int) -> None:
        """Give one event back to the inbox; raises ``Problem(EVENT_NOT_PARKED)`` when somebody was faster."""
        if not self.try_all_again(actor, [event_id]):
            raise Problem(ProblemReason.EVENT_NOT_PARKED)

    def try_all_again(self, actor: Actor, event_ids: Sequence[int]) -> int:
        """Give those of the events that are still parked back to the inbox, and return how many these were."""
        with transaction() as session:
            parked = _still_parked(session, event_ids)
            for event in parked:
                self._record(session, actor, event, "event.tried_again")
                self.inbox.try_again(event)
            return len(parked)

    def ignore(self, actor: Actor, event_id: int) -> None:
        """Settle an event without applying it; raises ``Problem(EVENT_NOT_PARKED)`` when somebody was faster."""
        with transaction() as session:
            parked = _still_parked(session, [event_id])
            if not parked:
                raise Problem(ProblemReason.EVENT_NOT_PARKED)
            for event in parked:
                self._record(session, actor, event, "event.ignored")
                self.inbox.settle(event, EventState.IGNORED, IGNORED_BY_ADMIN)

    def _record(self, session: Session, actor: Actor, event: CallbackEvent, action: str) -> None:
        record(
            session,
            actor,
            action,
            at=self.clock.now(),
            subject=("callback_event", event.id),
            before={"state": event.state, "reason": event.reason},
            after={"event_type": event.event_type, "instance_id": event.instance_id},
        )


def _still_parked(session: Session, event_ids: Sequence[int]) -> Sequence[CallbackEvent]:
    return session.scalars(
        select(CallbackEvent)
        .where(CallbackEvent.id.in_(event_ids), CallbackEvent.state == EventState.PARKED)
        .order_by(CallbackEvent.id)
        .with_for_update()
    ).all()


def _with_approvals(events: Sequence[CallbackEvent]) -> list[EventView]:
    """Find the approvals by instance too: an event may have been parked before its instance became known."""
    instance_ids = {event.instance_id for event in events} - {None}
    approval_ids = {event.approval_id for event in events} - {None}
    if not instance_ids and not approval_ids:
        return [EventView(event=event, approval=None) for event in events]
    found = db.session.scalars(
        select(Approval).where(or_(Approval.instance_id.in_(instance_ids), Approval.id.in_(approval_ids)))
    ).all()
    by_id = {each.id: each for each in found}
    by_instance = {each.instance_id: each for each in found}
    return [
        EventView(
            event=event,
            approval=by_id.get(event.approval_id or 0) or by_instance.get(event.instance_id or ""),
        )
        for event in events
    ]
