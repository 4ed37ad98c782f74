"""Figures about the work: what waits, how long, and what went wrong; read from the database when asked for.

Every process sees the same figures. Tables that grow for years are only counted through indexes that hold what is
open, and never further than ``COUNTED_UP_TO``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.clock import Clock
from portal.extensions import db
from portal.models import Approval, CallbackEvent, CallbackTally, DingTalkCallTally, Grant, StrayInstance
from portal.models.callback_event import EventState
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.grant_state import OPEN as OPEN_GRANTS
from portal.services.work.due_work import LEASE
from portal.services.work.health import Health
from portal.services.work.patience import Patience, in_app_context

COUNTED_UP_TO = 100_000
ANSWER_EXPECTED_WITHIN_SECONDS = 8.0
# Said as the partial index says it: a parameter would not be recognised.
IS_PARKED = CallbackEvent.state == literal_column("'parked'")
OPEN_STATES = tuple(state for state in ApprovalState if not is_final(state))


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How long what is due longest has been due, in seconds, 0 where nothing is. Counts end at ``COUNTED_UP_TO``.

    ``approvals``, ``grants`` and ``events`` are by state, of those not done with; ``refused_callbacks`` by reason and
    ``dingtalk_calls`` by operation and result, both since the portal was set up.
    """

    approvals: Mapping[str, int]
    due_approvals: int
    oldest_due_approval_seconds: float
    events: Mapping[str, int]
    oldest_due_event_seconds: float
    due_stray_instances: int
    grants: Mapping[str, int]
    due_grants: int
    oldest_due_grant_seconds: float
    oldest_unended_grant_seconds: float
    refused_callbacks: Mapping[str, int]
    dingtalk_calls: Mapping[tuple[str, str], int]
    workers: int


@dataclass(frozen=True, kw_only=True)
class WorkFigures:
    """Reads the figures."""

    clock: Clock
    health: Health
    patience: Patience[Figures] = field(default_factory=Patience)

    def read_in_time(self) -> Figures:
        """Return all of them as of now, or raise ``SQLAlchemyError`` or ``NoAnswer`` within seconds."""
        return self.patience.ask(in_app_context(self.read), seconds=ANSWER_EXPECTED_WITHIN_SECONDS)

    def read(self) -> Figures:
        """Return all of them as of now; raises ``SQLAlchemyError`` when the database does not answer."""
        now = self.clock.now()
        return Figures(
            approvals={state.value: _count(Approval.state == state.value) for state in OPEN_STATES},
            due_approvals=_count(Approval.due_at <= now),
            oldest_due_approval_seconds=_overdue(now, Approval.due_at),
            events={
                EventState.RECEIVED.value: _count(CallbackEvent.due_at.is_not(None)),
                EventState.MATCHED.value: _count(_is_matched(now)),
                EventState.PARKED.value: _count(IS_PARKED),
            },
            oldest_due_event_seconds=_overdue(now, CallbackEvent.due_at),
            due_stray_instances=_count(StrayInstance.due_at <= now),
            grants={state.value: _count(Grant.state == state.value) for state in sorted(OPEN_GRANTS)},
            due_grants=_count(Grant.due_at <= now),
            oldest_due_grant_seconds=_overdue(now, Grant.due_at),
            oldest_unended_grant_seconds=_unended(now),
            refused_callbacks=self._refusals(),
            dingtalk_calls=self._calls(),
            workers=len(self.health.living_workers()),
        )

    @staticmethod
    def _refusals() -> dict[str, int]:
        tally = CallbackTally
        rows = db.session.execute(select(tally.reason, func.sum(tally.count)).group_by(tally.reason))
        return dict(rows.tuples().all())

    @staticmethod
    def _calls() -> dict[tuple[str, str], int]:
        tally = DingTalkCallTally
        rows = db.session.execute(
            select(tally.operation, tally.result, func.sum(tally.count)).group_by(
                tally.operation, tally.result
            )
        ).tuples()
        return {(operation, result): count for operation, result, count in rows}


def _count(condition: ColumnElement[bool]) -> int:
    some = select(1).where(condition).limit(COUNTED_UP_TO).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _is_matched(now: datetime) -> ColumnElement[bool]:
    # They wait for the read of their approval, which is due or in a worker's hands.
    being_read = select(Approval.id).where(Approval.due_at <= now + LEASE).limit(COUNTED_UP_TO)
    return and_(CallbackEvent.state == EventState.MATCHED.value, CallbackEvent.approval_id.in_(being_read))


def _unended(now: datetime) -> float:
    """Return for how long the sweep has left the grant that expired first."""
    waits = and_(Grant.ending.is_(None), Grant.ended_at.is_(None), Grant.expires_at <= now)
    earliest = db.session.scalar(select(func.min(Grant.expires_at)).where(waits))
    return max(0.0, (now - earliest).total_seconds()) if earliest else 0.0


def _overdue(now: datetime, due_at: InstrumentedAttribute[datetime | None]) -> float:
    earliest = db.session.scalar(select(func.min(due_at)).where(due_at <= now))
    return max(0.0, (now - earliest).total_seconds()) if earliest else 0.0
