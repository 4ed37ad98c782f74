"""The one place where an approval's outcome is read and applied, by whatever road the news came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import AGREEMENTS, ApprovalChannel, Reading
from portal.channels.failures import INSTANCE_GONE, ChannelError, Failure, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, CallbackEvent
from portal.models.callback_event import EventState
from portal.rules.approval_state import DOES_NOT_COUNT, ApprovalState, agrees_with, end_meant, is_final
from portal.services.approval_rows import locked, move, sum_up_request
from portal.services.audit import PORTAL, record
from portal.services.grants.grant_making import make_grants
from portal.services.notices.notice_promises import promise_notice
from portal.services.outcomes.acquaintance import meet
from portal.services.outcomes.approval_records import keep_records
from portal.services.outcomes.deciders import end_turns, keep_deciders
from portal.services.outcomes.gone_instances import is_gone
from portal.services.outcomes.participants import Participants
from portal.services.pending.escalation import Escalation
from portal.services.people import People
from portal.services.work.retry_pauses import QUOTA_PAUSE, WITHDRAWAL_WAIT

log = structlog.get_logger(__name__)

READ_AGAIN_AFTER_FAILURE = timedelta(seconds=5)
WITHDRAWAL_RETRY = timedelta(seconds=5)
# DingTalk counts refused reads too.
LONGEST_WAIT_TO_READ_AGAIN = timedelta(hours=1)
LONGEST_WAIT_WHILE_REFUSED = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Reads instances and applies what they say; the same news twice changes nothing."""

    clock: Clock
    people: People
    escalation: Escalation

    def read(self, approval_id: int, channel: ApprovalChannel, instance_id: str) -> None:
        """Read the instance once and apply it; it answers all events that came before the read."""
        began_at, answered = self.clock.now(), self._waiting_events(approval_id)
        try:
            reading = channel.read(instance_id)
        except ChannelError as error:
            self._unreadable(approval_id, error)
            return
        people = meet(reading, approval_id=approval_id, people=self.people)
        if people.trouble is not None and _hangs_on(reading, people, theirs=_whose(approval_id)):
            self._unreadable(approval_id, people.trouble)
            return
        with transaction() as session:
            approval = locked(session, approval_id)
            approval.last_read_at = began_at
            self._apply(session, approval, reading, people)
            self._settle_events(session, approval, answered)

    def next_look(self, approval: Approval) -> datetime | None:
        """Return when an approval has to be looked at next, whatever is heard of it.

        None means that events are waited for; the sweep wakes it should it stay silent for too long.
        """
        asked_at, started_at = approval.withdrawal_requested_at, approval.started_at
        if is_final(approval.state) or asked_at is None:
            return None
        now = self.clock.now()
        possible_at = max(asked_at, (started_at or now) + WITHDRAWAL_WAIT)
        # Each try is two counted calls, and one that was refused for a while will be refused for a while.
        return max(possible_at, now + max(WITHDRAWAL_RETRY, (now - possible_at) / 2))

    def _apply(self, session: Session, approval: Approval, reading: Reading, people: Participants) -> None:
        if is_final(approval.state):
            if is_final(reading.state) and not agrees_with(approval.state, reading.state):
                self._incident(session, approval, "contradiction", told=reading.state.value)
            return
        if approval.retries:
            # What stands there is why it could not be read, and now it could.
            approval.failure, approval.retries = None, 0
        keep_records(approval, reading, people)
        if approval.request is not None:
            keep_deciders(approval, reading, people)
        approval.instance_url = approval.instance_url or reading.url
        if not is_final(reading.state):
            return
        before, lapses_at = approval.state, approval.lapses_at
        move(approval, end_meant(reading.state, approval.withdrawal_purpose))
        approval.closed_at = self.clock.now()
        approval.failure = None
        incident = _why_it_does_not_count(approval, reading, people)
        if incident is not None:
            self._incident(session, approval, incident, told=reading.state.value)
        if approval.state == ApprovalState.ESCALATED:
            self.escalation.pass_on(session, approval, lapses_at=lapses_at, at=approval.closed_at)
        sum_up_request(approval.request, at=approval.closed_at)
        promise_notice(session, approval, at=approval.closed_at)
        make_grants(session, approval, at=approval.closed_at)
        record(
            session,
            PORTAL,
            "approval.outcome",
            at=self.clock.now(),
            subject=("approval", approval.number),
            before={"state": before},
            after={"state": approval.state, "instance_id": approval.instance_id},
        )
        log.info("approval.outcome", state=approval.state, instance_id=approval.instance_id)

    def has_waiting_events(self, approval_id: int) -> bool:
        """Whether events were matched to this approval that no read has answered yet."""
        return bool(self._waiting_events(approval_id))

    def _waiting_events(self, approval_id: int) -> list[int]:
        """Return the events that a read begun now will answer: by id, as hosts' clocks may differ."""
        ids = db.session.scalars(
            select(CallbackEvent.id).filter_by(approval_id=approval_id, state=EventState.MATCHED)
        ).all()
        db.session.rollback()
        return list(ids)

    def _settle_events(self, session: Session, approval: Approval, answered: list[int]) -> None:
        waiting = session.scalars(
            select(CallbackEvent).filter_by(approval_id=approval.id, state=EventState.MATCHED)
        ).all()
        is_over = is_final(approval.state)
        for event in waiting:
            if is_over or event.id in answered:
                event.state, event.due_at = EventState.APPLIED, None
                event.settled_at = self.clock.now()
        # An event that came while we were reading may tell of something that we did not see.
        came_meanwhile = any(event.state == EventState.MATCHED for event in waiting)
        approval.due_at = self.clock.now() if came_meanwhile else self.next_look(approval)

    def _unreadable(self, approval_id: int, error: ChannelError) -> None:
        failure = error.failure
        log.warning("read.failed", **failure.told)
        with transaction() as session:
            approval = locked(session, approval_id)
            if not is_final(approval.state):
                approval.failure = failure.to_json()
            approval.retries += 1
            if is_final(approval.state) and failure.kind == INSTANCE_GONE:
                self._settle_events(session, approval, [])
                return
            if is_gone(approval):
                end_turns(approval)
            pause = _pause_after(failure, retries=approval.retries)
            approval.due_at = self.clock.now() + (LONGEST_WAIT_WHILE_REFUSED if is_gone(approval) else pause)

    def _incident(self, session: Session, approval: Approval, kind: str, *, told: str) -> None:
        known = (approval.incident or {}).get("kind")
        if known in DOES_NOT_COUNT:
            return  # whatever else is told of it later, it must not come to count by that
        if approval.incident and (known, approval.incident.get("told")) == (kind, told):
            return
        now = self.clock.now().isoformat()
        approval.incident = {**(approval.incident or {}), "kind": kind, "told": told, "at": now}
        record(
            session,
            PORTAL,
            f"incident.{kind}",
            at=self.clock.now(),
            subject=("approval", approval.number),
            before={"state": approval.state},
            after={"told": told, "instance_id": approval.instance_id},
        )


def _pause_after(failure: Failure, *, retries: int) -> timedelta:
    if failure.kind == "quota_exhausted":
        return QUOTA_PAUSE
    pause = READ_AGAIN_AFTER_FAILURE * (2 ** min(retries, 15))
    if failure.retry == Retry.PERMANENT:
        return min(max(pause, timedelta(minutes=5)), LONGEST_WAIT_WHILE_REFUSED)
    return min(pause, LONGEST_WAIT_TO_READ_AGAIN)


def _agreed(reading: Reading) -> set[str]:
    return {each.user_id for each in reading.records if each.kind in AGREEMENTS}


def _whose(approval_id: int) -> set[str | None]:
    """Return the user ids of those for whom an approval is asked: who asks, and who gets the access."""
    request = db.session.get_one(Approval, approval_id).request
    user_ids = {request.requester.user_id, request.grantee.user_id} if request else set()
    db.session.rollback()
    return user_ids


def _hangs_on(reading: Reading, people: Participants, *, theirs: set[str | None]) -> bool:
    """Whether an approval counts only if somebody whom the directory could not tell us about is a person."""
    others = _agreed(reading) - {reading.requester_user_id} - theirs
    is_clear = any(people.is_person(user_id) for user_id in others)
    return reading.state == ApprovalState.APPROVED and not is_clear and bool(others & people.unclear)


def _why_it_does_not_count(approval: Approval, reading: Reading, people: Participants) -> str | None:
    """Return the incident of an approval that only those agreed to who ask for it or get the access, or nobody.

    A Test counts for nothing.
    """
    if reading.state != ApprovalState.APPROVED or approval.request is None:
        return None
    agreed = {user_id for user_id in _agreed(reading) if people.is_person(user_id)}
    if agreed - {approval.requester.user_id, approval.request.grantee.user_id}:
        return None
    return "self_approved" if agreed else "nobody_agreed"
