"""The sweep: reads open approvals that nothing was heard of for too long (docs/decisions: reconciliation)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval
from portal.rules.approval_state import ApprovalState
from portal.services.events.event_roads import EventRoads
from portal.services.work.dingtalk_calls import DingTalkCalls

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=2)
EVERY_WHILE_CALLS_ARE_SHORT = timedelta(minutes=30)
TOGETHER = 100
# How long an approval may be silent before its first, second … sweep; the last one comes back.
# Heard of: events arrive, so silence most likely means that nobody has decided yet.
WHEN_HEARD = (timedelta(days=1), timedelta(days=7), timedelta(days=21), timedelta(days=30))
# Never heard of, or nothing is heard of anybody: silence says nothing.
WHEN_UNHEARD = (
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Wakes silent approvals; the worker reads them like any other that is due."""

    clock: Clock
    calls: DingTalkCalls
    roads: EventRoads

    def go_round(self) -> timedelta:
        """Wake what has been silent for too long, if the quota allows; returns the pause until the next round."""
        budget, is_in_doubt = self.calls.budget(), self.roads.in_doubt_since() is not None
        db.session.rollback()
        if budget.is_short:
            return EVERY_WHILE_CALLS_ARE_SHORT
        woken = self._wake(
            _is_silent(self.clock.now(), is_in_doubt=is_in_doubt),
            limit=min(TOGETHER, budget.left_for_sweeps),
        )
        return timedelta() if woken == TOGETHER else EVERY

    def wake_unread_for(self, pause: timedelta) -> int:
        """Wake all open approvals not read for ``pause``: news of any of them may have been lost."""
        budget = self.calls.budget()
        db.session.rollback()
        if budget.is_short:
            return 0
        unread = _not_since(self.clock.now() - pause, Approval.started_at, Approval.last_read_at)
        woken = 0
        # In lots: each holds SQLite's only write lock, and callbacks wait behind it.
        while lot := self._wake(unread, limit=min(TOGETHER, budget.left_for_sweeps - woken)):
            woken += lot
        return woken

    def _wake(self, condition: ColumnElement[bool], *, limit: int) -> int:
        with transaction() as session:
            silent = session.scalars(
                select(Approval)
                .where(
                    Approval.state == ApprovalState.PENDING,
                    Approval.channel == ChannelName.DINGTALK,
                    Approval.due_at.is_(None),
                    condition,
                )
                .order_by(Approval.id)
                .limit(limit)
                .with_for_update(skip_locked=True, of=Approval)
            ).all()
            for approval in silent:
                approval.due_at = self.clock.now()
                approval.sweeps += 1
        if silent:
            log.info("sweep.woken", approvals=len(silent))
        return len(silent)


def _is_silent(now: datetime, *, is_in_doubt: bool) -> ColumnElement[bool]:
    unheard = _schedule(WHEN_UNHEARD, now=now)
    if is_in_doubt:
        return or_(*unheard)
    heard = Approval.heard_at.is_not(None)
    return or_(
        and_(~heard, or_(*unheard)),
        and_(heard, or_(*_schedule(WHEN_HEARD, now=now))),
    )


def _schedule(pauses: Sequence[timedelta], *, now: datetime) -> Iterator[ColumnElement[bool]]:
    for number, pause in enumerate(pauses):
        is_its_turn = Approval.sweeps == number if number < len(pauses) - 1 else Approval.sweeps >= number
        yield and_(
            is_its_turn,
            _not_since(now - pause, Approval.started_at, Approval.heard_at, Approval.last_read_at),
        )


def _not_since(at: datetime, *moments: InstrumentedAttribute[datetime | None]) -> ColumnElement[bool]:
    return and_(*(or_(moment.is_(None), moment <= at) for moment in moments))
