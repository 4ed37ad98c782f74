"""How many calls DingTalk has counted this month, and what waits once they are used up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from portal.channels.dingtalk.call_counting import OK, QUOTA_EXHAUSTED, CallMade, is_counted
from portal.clock import Clock
from portal.database import core_transaction, transaction
from portal.extensions import db
from portal.models import Approval, ApprovalSettings, DingTalkCallTally
from portal.models.base import UtcDateTime
from portal.services.approval_settings import stored_settings
from portal.services.audit import Actor, record
from portal.services.work.retry_pauses import QUOTA_PAUSE

# Sweeps and the failed-push list leave the rest to starts and to what events tell of.
SWEEPS_STOP_AT_PERCENT = 70
DEFAULT_QUOTA = 5000
# The quota is counted by China's calendar (not confirmed).
CHINA = timezone(timedelta(hours=8))
# As long as a probe may take before another one is sent.
PROBE_LEASE = timedelta(seconds=60)

# In words that SQLite and PostgreSQL share.
COUNT_ONE = text(
    """
    INSERT INTO portal_dingtalk_call_tally (month, operation, result, count)
    VALUES (:month, :operation, :result, 1)
    ON CONFLICT (month, operation, result) DO UPDATE SET count = portal_dingtalk_call_tally.count + 1
    """
)
STOP = text("UPDATE portal_approval_settings SET calls_stopped_until = :until").bindparams(
    bindparam("until", type_=UtcDateTime())
)
GO_ON = text(
    "UPDATE portal_approval_settings SET calls_stopped_until = NULL WHERE calls_stopped_until IS NOT NULL"
)


@dataclass(frozen=True, kw_only=True)
class CallBudget:
    """The portal's calls of this month and what DingTalk's edition allows the organisation.

    ``stopped_until`` is set once DingTalk said that they are used up; then one call shows whether it goes on.
    ``at`` is the moment of all this.
    """

    at: datetime
    month: str
    used: int
    quota: int
    stopped_until: datetime | None

    @property
    def is_stopped(self) -> bool:
        """Whether work that calls DingTalk waits. When that is over, whatever comes first is the probe."""
        return self.stopped_until is not None and self.stopped_until > self.at

    @property
    def is_short(self) -> bool:
        """Whether calls are only spent where somebody waits for them."""
        return self.is_stopped or self.left_for_sweeps == 0

    @property
    def left_for_sweeps(self) -> int:
        """How many calls may still be spent on looking without being told."""
        return max(0, self.quota * SWEEPS_STOP_AT_PERCENT // 100 - self.used)

    @property
    def percent(self) -> int:
        """How much of the quota is used, at most 100."""
        return min(100, self.used * 100 // self.quota)


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """How many pieces of work that call DingTalk may be taken now; a probe is one that tries the quota."""

    limit: int
    is_probe: bool = False


@dataclass(frozen=True, kw_only=True)
class DingTalkCalls:
    """Counts calls and remembers when DingTalk said that there are no more."""

    clock: Clock

    def tally(self, call: CallMade) -> None:
        """Count one call, and stop or go on by what it was answered; never inside a transaction."""
        now = self.clock.now()
        row = {"month": month_of(now), "operation": call.operation[:48], "result": call.result[:48]}
        with core_transaction() as connection:
            connection.execute(COUNT_ONE, row)
            if call.result == QUOTA_EXHAUSTED:
                connection.execute(STOP, {"until": min(now + QUOTA_PAUSE, next_month(now))})
            elif call.result == OK and is_counted(operation=call.operation, result=OK):
                connection.execute(GO_ON)

    def budget(self) -> CallBudget:
        """Return what was used this month and what is allowed."""
        now = self.clock.now()
        month = month_of(now)
        tallies = db.session.scalars(select(DingTalkCallTally).filter_by(month=month)).all()
        allowed = db.session.execute(
            select(ApprovalSettings.monthly_call_quota, ApprovalSettings.calls_stopped_until)
        ).one_or_none()
        return CallBudget(
            at=now,
            month=month,
            used=sum(row.count for row in tallies if is_counted(operation=row.operation, result=row.result)),
            quota=allowed.monthly_call_quota if allowed else DEFAULT_QUOTA,
            stopped_until=allowed.calls_stopped_until if allowed else None,
        )

    def stopped_until(self) -> datetime | None:
        """Return until when work that calls DingTalk waits, None while it does not."""
        stopped_until = db.session.scalar(select(ApprovalSettings.calls_stopped_until))
        return stopped_until if stopped_until and stopped_until > self.clock.now() else None

    def made(self, operation: str) -> int:
        """Return how many calls of one operation this month has seen."""
        month = month_of(self.clock.now())
        tallies = db.session.scalars(
            select(DingTalkCallTally.count).filter_by(month=month, operation=operation)
        )
        return sum(tallies)

    def allowance(self, session: Session, *, limit: int) -> Allowance:
        """Return how much work may be taken in this transaction: all, none while stopped, then one as a probe."""
        stopped_until = session.scalar(select(ApprovalSettings.calls_stopped_until))
        if stopped_until is None:
            return Allowance(limit=limit)
        if stopped_until > self.clock.now():
            return Allowance(limit=0)
        # Whoever holds the row sends the probe.
        mine = select(ApprovalSettings.calls_stopped_until).with_for_update(skip_locked=True)
        if session.scalar(mine) != stopped_until:
            return Allowance(limit=0)
        return Allowance(limit=1, is_probe=True)

    def probe_sent(self, session: Session) -> None:
        """Note that the probe of an allowance was taken, so that no second one goes out beside it."""
        session.execute(STOP, {"until": self.clock.now() + PROBE_LEASE})

    def try_again_now(self, actor: Actor) -> None:
        """Let one piece of work show whether DingTalk answers again; when it does, everything goes on."""
        now = self.clock.now()
        with transaction() as session:
            settings = stored_settings(session, self.clock)
            before = settings.calls_stopped_until
            if before is None:
                return
            settings.calls_stopped_until = now
            for approval in _waiting_for_calls(session, now=now):
                approval.due_at = now
            record(
                session,
                actor,
                "calls.tried_again",
                at=now,
                subject=("approval_settings", 1),
                before={"calls_stopped_until": before.isoformat()},
            )


def month_of(at: datetime) -> str:
    """Return the month that a call at this moment is counted in, as ``2026-11``."""
    return at.astimezone(CHINA).strftime("%Y-%m")


def month_began_at(at: datetime) -> datetime:
    """Return the moment at which that month began."""
    return at.astimezone(CHINA).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(at: datetime) -> datetime:
    """Return the moment at which the next month begins, when DingTalk counts from nothing again."""
    return month_began_at(month_began_at(at) + timedelta(days=32))


def _waiting_for_calls(session: Session, *, now: datetime) -> list[Approval]:
    put_off = session.scalars(
        select(Approval)
        .where(Approval.due_at > now, Approval.due_at <= now + QUOTA_PAUSE)
        .order_by(Approval.id)
        .with_for_update(of=Approval)
    )
    return [each for each in put_off if (each.failure or {}).get("kind") == QUOTA_EXHAUSTED]
