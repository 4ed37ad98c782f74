"""Rows of instances that belong to nobody yet, and what is told about a twin of an approval."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.models import Approval, CallbackEvent, StrayInstance
from portal.models.callback_event import EventState
from portal.models.stray_instance import StrayState

TWIN_STATES = frozenset(
    {StrayState.TWIN, StrayState.TWIN_WITHDRAWN, StrayState.TWIN_ENDED, StrayState.TWIN_STAYS}
)
TWIN, FOREIGN = "twin_instance", "foreign_instance"


def stray_with(session: Session, instance_id: str | None) -> StrayInstance | None:
    """Return what is known of an instance that no approval owned when it was found."""
    return session.scalar(select(StrayInstance).filter_by(instance_id=instance_id))


def note_stray(session: Session, instance_id: str, *, at: datetime, wait: timedelta = timedelta()) -> None:
    """Promise, in the caller's commit, to find out whose instance this is; twice is once."""
    stray = stray_with(session, instance_id)
    if stray is None:
        stray = StrayInstance(instance_id=instance_id, state=StrayState.FOUND, found_at=at, due_at=at + wait)
        try:
            with session.begin_nested():
                session.add(stray)
        except IntegrityError:
            return  # another worker noted it just now
    elif is_unreadable(stray):
        stray.state, stray.tries, stray.failure = StrayState.FOUND, 0, None
        stray.due_at, stray.closed_at = at + wait, None


def is_unreadable(stray: StrayInstance) -> bool:
    """Whether DingTalk denied knowing it whenever it was asked."""
    return stray.state == StrayState.FOREIGN and stray.failure is not None


def reason_to_ignore(stray: StrayInstance) -> str | None:
    """Return why events of this instance change nothing; None while that is not known."""
    if stray.state in TWIN_STATES:
        return TWIN
    if stray.state == StrayState.FOREIGN and not is_unreadable(stray):
        return FOREIGN
    return None


def tell_of_twin(approval: Approval, stray: StrayInstance, *, url: str | None = None) -> None:
    """Show on the approval that it has a twin and what became of it, beside any other incident."""
    incident = approval.incident or {"kind": "twin", "at": stray.found_at.isoformat()}
    twins = dict(incident.get("twins", {}))
    told = {"state": stray.state, "url": url or twins.get(stray.instance_id, {}).get("url")}
    twins[stray.instance_id] = {**told, "failure": stray.failure}
    approval.incident = {**incident, "twins": twins}


def open_events(session: Session, instance_id: str) -> list[CallbackEvent]:
    """Return the events of an instance that are not settled, but for those being sorted at this moment."""
    return list(
        session.scalars(
            select(CallbackEvent)
            .where(
                CallbackEvent.instance_id == instance_id,
                CallbackEvent.state.in_((EventState.RECEIVED, EventState.PARKED)),
            )
            .order_by(CallbackEvent.id)
            .with_for_update(skip_locked=True)
        )
    )
