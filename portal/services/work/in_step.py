"""Whether the portal is in step with DingTalk: what was heard, what was asked, and what is left to ask with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select

from portal.channels.approval_channel import ChannelName
from portal.channels.failures import Failure
from portal.clock import Clock
from portal.extensions import db
from portal.models import Approval, CallbackEvent, Chore
from portal.models.callback_event import EventState
from portal.rules.approval_state import ApprovalState
from portal.services.events.event_roads import EventRoads, LastEvent
from portal.services.work.chores import ChoreName
from portal.services.work.dingtalk_calls import CallBudget, DingTalkCalls
from portal.services.work.health import Health


@dataclass(frozen=True, kw_only=True)
class OpenApprovals:
    """How many run in DingTalk, and since when the one has been silent that was silent longest."""

    count: int
    silent_since: datetime | None


@dataclass(frozen=True, kw_only=True)
class ListReading:
    """When the failed-push list was last read, and why it could not be since; ``is_under_way`` while it is."""

    done_at: datetime | None
    failure: Failure | None


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """Facts; the page makes words of them."""

    at: datetime
    is_worker_alive: bool
    last_event: LastEvent | None
    in_doubt_since: datetime | None
    starts_not_told_of: int
    budget: CallBudget
    pushes: int
    failed_pushes: ListReading
    parked_events: int
    open_approvals: OpenApprovals


@dataclass(frozen=True, kw_only=True)
class InStep:
    """Reads; changes nothing and calls nobody."""

    clock: Clock
    health: Health
    roads: EventRoads
    calls: DingTalkCalls

    def report(self) -> StepReport:
        """Return everything that tells whether an outcome could go unheard."""
        return StepReport(
            at=self.clock.now(),
            is_worker_alive=self.health.is_worker_alive(),
            last_event=self.roads.last_event(),
            in_doubt_since=self.roads.in_doubt_since(),
            starts_not_told_of=self.roads.starts_not_told_of(),
            budget=self.calls.budget(),
            pushes=self.roads.pushes_this_month(),
            failed_pushes=_list_reading(),
            parked_events=_parked_events(),
            open_approvals=_open_approvals(),
        )


def _list_reading() -> ListReading:
    chore = db.session.get(Chore, ChoreName.DRAIN_FAILED_PUSHES.value)
    failure = chore.failure if chore else None
    return ListReading(
        done_at=chore.done_at if chore else None, failure=Failure.from_json(failure) if failure else None
    )


def _parked_events() -> int:
    parked = select(func.count()).select_from(CallbackEvent).where(CallbackEvent.state == EventState.PARKED)
    return db.session.scalar(parked) or 0


def _open_approvals() -> OpenApprovals:
    heard_at = func.coalesce(Approval.heard_at, Approval.started_at)
    read_later = and_(
        Approval.last_read_at.is_not(None), or_(heard_at.is_(None), Approval.last_read_at >= heard_at)
    )
    silent_since = case((read_later, Approval.last_read_at), else_=heard_at)
    count, oldest = db.session.execute(
        select(func.count(), func.min(silent_since, type_=Approval.started_at.type)).where(
            Approval.state == ApprovalState.PENDING, Approval.channel == ChannelName.DINGTALK
        )
    ).one()
    return OpenApprovals(count=count, silent_since=oldest)
