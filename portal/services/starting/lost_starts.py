"""Starts without a clear answer: looked for, adopted, or declared not started; and looked for late once more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from portal.channels.approval_channel import ApprovalChannel
from portal.channels.failures import ChannelError, Failure, OwnFailure, own_failure
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval
from portal.rules.approval_state import ApprovalState
from portal.services.approval_rows import locked, move, sum_up_request
from portal.services.starting.instance_adoption import InstanceAdoption
from portal.services.starting.instance_search import Found, InstanceSearch
from portal.services.starting.start_attempts import (
    RESOLVE_PAUSES,
    attempts_of,
    earlier_attempts_of,
    plan_late_look,
)
from portal.services.starting.twins import note_stray
from portal.services.starting.unstarted import give_up
from portal.services.work.retry_pauses import pause_before_retry

log = structlog.get_logger(__name__)

LOOKS = len(RESOLVE_PAUSES)
LOOKED_FOR = sum(RESOLVE_PAUSES, timedelta())
# Events may wake a search early, and the clock may be set back: neither shortens it nor keeps it up for ever.
MOST_LOOKS = 4 * LOOKS
UNSTARTED = (ApprovalState.COULD_NOT_START, ApprovalState.WITHDRAWN, ApprovalState.LAPSED)
# Answers that say there is nothing to be found where we look.
NOTHING_THERE = frozenset({"template_gone", "parameters_refused"})


@dataclass(frozen=True, kw_only=True)
class LostStarts:
    """Looks and never creates."""

    clock: Clock
    search: InstanceSearch
    adoption: InstanceAdoption

    def look(self, approval_id: int, channel: ApprovalChannel) -> None:
        """Look for what any attempt made and adopt the earliest; give up after some minutes."""
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state == ApprovalState.STARTING:
                move(approval, ApprovalState.START_UNKNOWN)
                approval.resolve_tries, approval.retries = 0, 0
                sum_up_request(approval.request, at=self.clock.now())
            if approval.state != ApprovalState.START_UNKNOWN:
                return
            attempts = attempts_of(approval)
        try:
            found = self.search.find(channel, attempts)
        except ChannelError as error:
            self._look_failed(approval_id, error.failure)
            return
        if found:
            self._adopt(approval_id, channel, found)
        else:
            self._not_found(approval_id)

    def adopt_earlier(self, approval_id: int, channel: ApprovalChannel) -> bool:
        """Look once more for earlier attempts before a further one is made; raises ``ChannelError``.

        Returns whether one was found, so that nothing may be created.
        """
        attempts = earlier_attempts_of(db.session.get_one(Approval, approval_id))
        db.session.rollback()
        found = self.search.find(channel, attempts)
        if found:
            self._adopt(approval_id, channel, found)
        return bool(found)

    def look_late(self, approval_id: int, channel: ApprovalChannel) -> None:
        """Look for an instance of a start that was declared not found: one that surfaces now is a twin."""
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state not in UNSTARTED:
                return  # tried again meanwhile: what is promised now is none of a late look's business
            attempts = attempts_of(approval) if _was_lost(approval) else ()
            approval.resolve_tries += 1 if attempts else 0
            plan_late_look(approval, at=self.clock.now())
        try:
            found = self.search.find(channel, attempts)
        except ChannelError as error:
            log.warning("late_look.failed", **error.failure.told)
            return
        with transaction() as session:
            for each in found:
                note_stray(session, each.instance_id, at=self.clock.now())

    def _adopt(self, approval_id: int, channel: ApprovalChannel, found: tuple[Found, ...]) -> None:
        first, *others = found
        self.adoption.adopt(
            approval_id,
            channel,
            attempt=first.attempt,
            instance_id=first.instance_id,
            others=tuple(each.instance_id for each in others),
        )

    def _look_failed(self, approval_id: int, failure: Failure) -> None:
        log.warning("look.failed", **failure.told)
        if failure.kind in NOTHING_THERE:
            self._not_found(approval_id, because=failure)
            return
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state == ApprovalState.START_UNKNOWN:
                approval.failure = failure.to_json()
                approval.due_at = self.clock.now() + pause_before_retry(failure, retries=approval.retries)
                approval.retries += 1

    def _not_found(self, approval_id: int, *, because: Failure | None = None) -> None:
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state != ApprovalState.START_UNKNOWN:
                return
            now = self.clock.now()
            approval.resolve_tries += 1
            next_look_at = self._next_look_at(approval, now)
            if next_look_at is not None:
                approval.due_at = next_look_at
                return
            first = because or (Failure.from_json(approval.failure) if approval.failure else None)
            error = own_failure(OwnFailure.NOT_FOUND_AFTER_UNKNOWN, first=first.sentence if first else "")
            approval.failure, approval.resolve_tries = error.failure.to_json(), LOOKS
            give_up(session, approval, at=now)
            sum_up_request(approval.request, at=approval.closed_at or now)

    @staticmethod
    def _next_look_at(approval: Approval, now: datetime) -> datetime | None:
        looks, sent_at = approval.resolve_tries, approval.starting_at or now
        if looks < LOOKS:
            return now + RESOLVE_PAUSES[looks]
        is_over = now - sent_at >= LOOKED_FOR or looks >= MOST_LOOKS
        return None if is_over else min(sent_at + LOOKED_FOR, now + RESOLVE_PAUSES[-1])


def _was_lost(approval: Approval) -> bool:
    return approval.instance_id is None and approval.resolve_tries >= LOOKS
