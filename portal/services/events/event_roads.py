"""Whether what happens in DingTalk is heard here: the last event, starts that nobody told of, this month's pushes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.extensions import db
from portal.models import Approval, CallbackEvent
from portal.services.work.dingtalk_calls import month_began_at

# DingTalk repeats a failed push after 10 and 30 seconds; later than this the start event is missing.
START_EVENT_LATE_AFTER = timedelta(minutes=10)
A_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class LastEvent:
    """The newest event and the road it came by."""

    received_at: datetime
    road: str


@dataclass(frozen=True, kw_only=True)
class EventRoads:
    """Reads what was heard; changes nothing."""

    clock: Clock

    def last_event(self) -> LastEvent | None:
        """Return the newest event, whatever it is about."""
        row = db.session.execute(
            select(CallbackEvent.received_at, CallbackEvent.road).order_by(CallbackEvent.id.desc()).limit(1)
        ).one_or_none()
        return LastEvent(received_at=row.received_at, road=row.road) if row else None

    def in_doubt_since(self) -> datetime | None:
        """Return when the newest instance was started if nothing at all was heard since; it should have been."""
        late = self.clock.now() - START_EVENT_LATE_AFTER
        # Its event may be here before our own commit of the start: what counts is when DingTalk was called.
        called_at = db.session.scalar(
            select(Approval.starting_at)
            .where(Approval.started_at <= late, Approval.channel == ChannelName.DINGTALK)
            .order_by(Approval.id.desc())
            .limit(1)
        )
        last = self.last_event()
        if called_at is None or (last is not None and last.received_at >= called_at):
            return None
        return called_at

    def starts_not_told_of(self) -> int:
        """Count the instances started in the last day of which no event has told."""
        now = self.clock.now()
        return (
            db.session.scalar(
                select(func.count())
                .select_from(Approval)
                .where(
                    Approval.id > _last_before(Approval, now - A_DAY),
                    Approval.started_at > now - A_DAY,
                    Approval.started_at <= now - START_EVENT_LATE_AFTER,
                    Approval.heard_at.is_(None),
                    Approval.channel == ChannelName.DINGTALK,
                )
            )
            or 0
        )

    def pushes_this_month(self) -> int:
        """Count the events of this month; DingTalk's free edition pushes 3,000 (DingTalk: quota pages)."""
        began_at = month_began_at(self.clock.now())
        return (
            db.session.scalar(
                select(func.count())
                .select_from(CallbackEvent)
                .where(CallbackEvent.id > _last_before(CallbackEvent, began_at))
            )
            or 0
        )


def _last_before(table: type[Approval] | type[CallbackEvent], at: datetime) -> int:
    """Return the id of the last row of before ``at``, found from the newest back: ids grow with time."""
    moment = CallbackEvent.received_at if table is CallbackEvent else Approval.started_at
    return db.session.scalar(select(table.id).where(moment < at).order_by(table.id.desc()).limit(1)) or 0
