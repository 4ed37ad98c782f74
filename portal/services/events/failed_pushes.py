"""The failed-push list: what DingTalk could not bring is fetched, kept and sorted like any other event.

Reading the list empties it. So the reading is noted before the call, and what came is stored in one commit right
after it; a note that is still there means that a page may be lost, and open approvals are read instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from portal.channels.dingtalk.call_counting import READ_FAILED_PUSHES
from portal.channels.dingtalk.callback import OwnerKeyKind
from portal.channels.dingtalk.failed_pushes import DingTalkFailedPushes, MissedEvent
from portal.channels.failures import Failure, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, Chore, WorkerHeartbeat
from portal.models.callback_event import EventRoad
from portal.rules.approval_state import ApprovalState
from portal.services.events.event_roads import EventRoads
from portal.services.events.event_rows import NewEvent, store_events
from portal.services.outcomes.sweep import Sweep
from portal.services.work.chores import ChoreName
from portal.services.work.dingtalk_calls import DingTalkCalls

log = structlog.get_logger(__name__)

# A push can be fetched 3 to 5 minutes after its last failure (DingTalk: its failed-push list).
WHILE_IN_DOUBT = timedelta(minutes=5)
WHILE_ALL_IS_WELL = timedelta(hours=1)
WHILE_NOTHING_IS_OPEN = timedelta(hours=12)
WHILE_CALLS_ARE_SHORT = timedelta(hours=6)
# An event may be lost with a page, or in an entry that tells nothing.
READ_INSTEAD_WHEN_UNREAD_FOR = timedelta(hours=6)
LARGEST_SHARE_OF_QUOTA = 10


@dataclass(frozen=True, kw_only=True)
class FailedPushList:
    """Drains the list, as often as there is reason to."""

    clock: Clock
    channel: DingTalkFailedPushes
    calls: DingTalkCalls
    roads: EventRoads
    sweep: Sweep

    def drain(self) -> timedelta:
        """Take one page off the list and return the pause until the next; raises ``ChannelError``."""
        if self._is_budget_used():
            return WHILE_CALLS_ARE_SHORT
        if self._begin():
            self._read_instead()
        taken = self.channel.take()
        unsorted = self._keep(taken.events)
        if unsorted:
            self._read_instead()
        if taken.has_more:
            return timedelta()
        return WHILE_IN_DOUBT if taken.events else self._pause()

    def _begin(self) -> bool:
        """Note that the list is being read; returns whether an earlier reading never came to its end."""
        reading = Failure(kind="no_answer", retry=Retry.OUTCOME_UNKNOWN, operation=READ_FAILED_PUSHES)
        with transaction() as session:
            chore = session.get(Chore, ChoreName.DRAIN_FAILED_PUSHES.value, with_for_update=True)
            if chore is None:
                return False
            earlier = chore.failure
            chore.failure = reading.to_json()
        return earlier is not None and earlier.get("retry") == Retry.OUTCOME_UNKNOWN

    def _keep(self, events: Sequence[MissedEvent]) -> int:
        """Store a page in one commit and return how many of its entries cannot be sorted."""
        now = self.clock.now()
        unsorted = sum(bool(each.fault) for each in events)
        if events:
            with transaction() as session:
                store_events(session, [_new_event(each, received_at=now) for each in events])
            log.info("failed_pushes.kept", events=len(events), parked=unsorted)
        return unsorted

    def _read_instead(self) -> None:
        woken = self.sweep.wake_unread_for(READ_INSTEAD_WHEN_UNREAD_FOR)
        log.warning("failed_pushes.may_be_lost", approvals_to_read=woken)

    def _is_budget_used(self) -> bool:
        budget, made = self.calls.budget(), self.calls.made(READ_FAILED_PUSHES)
        db.session.rollback()
        return budget.is_short or made * 100 >= budget.quota * LARGEST_SHARE_OF_QUOTA

    def _pause(self) -> timedelta:
        is_open = select(Approval.id).where(Approval.state == ApprovalState.PENDING).limit(1)
        if db.session.scalar(is_open) is None:
            return WHILE_NOTHING_IS_OPEN
        since = self.roads.in_doubt_since()
        if since is None:
            return WHILE_IN_DOUBT if self._was_away() else WHILE_ALL_IS_WELL
        # The longer it lasts, the less a few minutes matter.
        return min(max(WHILE_IN_DOUBT, (self.clock.now() - since) / 6), WHILE_ALL_IS_WELL)

    def _was_away(self) -> bool:
        """Whether a worker began a moment ago: pushes may have failed before, and are not in the list at once."""
        lately = self.clock.now() - 2 * WHILE_IN_DOUBT
        began = select(WorkerHeartbeat.worker_id).where(WorkerHeartbeat.started_at >= lately).limit(1)
        return db.session.scalar(began) is not None


def _new_event(event: MissedEvent, *, received_at: datetime) -> NewEvent:
    return NewEvent(
        key=event.key,
        event_type=event.event_type,
        kind=event.kind,
        instance_id=event.instance_id,
        process_code=event.process_code,
        payload=event.payload,
        road=EventRoad.FAILED_PUSH_LIST,
        owner_key_kind=OwnerKeyKind.APP_KEY,
        received_at=received_at,
        fault=event.fault,
    )
