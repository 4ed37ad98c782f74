"""Moves one approval a step: start it, or find out whether it was started; what runs is looked after elsewhere.

The row is the guard (docs/decisions: start protocol). ``starting`` is committed before DingTalk is called;
whoever finds a row in ``starting`` goes looking for the instance and never creates one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ApprovalChannel, ChannelName, StartOrder
from portal.channels.failures import ChannelError, Failure, OwnFailure, Retry, own_failure
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval
from portal.rules.approval_state import ApprovalState, is_final
from portal.services.approval_rows import locked, move, order_of, sum_up_request
from portal.services.audit import PORTAL, record
from portal.services.outcomes import QUOTA_PAUSE, Outcomes
from portal.services.people import FRESH_FOR, People
from portal.services.running_approvals import RunningApprovals

log = structlog.get_logger(__name__)

# Longer than any start can take: forecast and create, each with its connect and read time-out.
START_LEASE = timedelta(seconds=60)
RESOLVE_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 10, 20, 40, 80, 120))
RETRY_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, 60, 300))
# What DingTalk answers when somebody does not fit, without saying who.
ABOUT_PEOPLE = frozenset({"person_unknown", "department_wrong", "parameters_refused"})


@dataclass(frozen=True, kw_only=True)
class ApprovalWork:
    """Advances approvals; safe to run twice for the same one, also at the same time."""

    clock: Clock
    channels: Mapping[ChannelName, ApprovalChannel]
    people: People
    outcomes: Outcomes
    running: RunningApprovals

    def advance(self, approval_id: int) -> None:
        """Do what is due for this approval; failures are recorded on the row, bugs raise."""
        approval = db.session.get(Approval, approval_id)
        if approval is None:
            return
        state, starting_at, instance_id = approval.state, approval.starting_at, approval.instance_id
        channel = self.channels[ChannelName(approval.channel)]
        with structlog.contextvars.bound_contextvars(approval=approval_id, number=approval.number):
            if state == ApprovalState.SUBMITTED:
                self._start(approval_id, channel)
            elif state == ApprovalState.START_UNKNOWN:
                self._resolve(approval_id, channel)
            elif state == ApprovalState.STARTING and starting_at is not None:
                # Somebody is calling DingTalk, or died while calling.
                if self.clock.now() - starting_at >= START_LEASE:
                    self._resolve(approval_id, channel)
                else:
                    self._wake(approval_id, state, at=starting_at + START_LEASE)
            elif state == ApprovalState.PENDING:
                self.running.follow(approval_id, channel)
            elif is_final(state) and instance_id and self.outcomes.has_waiting_events(approval_id):
                self.outcomes.read(approval_id, channel, instance_id)

    def _start(self, approval_id: int, channel: ApprovalChannel) -> None:
        claimed = self._claim_start(approval_id)
        if claimed is None:
            return
        order, attempt, is_trial = claimed
        try:
            if is_trial:
                channel.prove_access()
                self._note_token(approval_id)
            self._check_people(approval_id)
            instance_id = channel.start(order)
        except ChannelError as error:
            self._start_failed(approval_id, attempt, self._telling(approval_id, error.failure))
            return
        self._adopt(
            approval_id, attempt, instance_id, url=channel.link(instance_id), action="instance.started"
        )

    def _claim_start(self, approval_id: int) -> tuple[StartOrder, int, bool] | None:
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state != ApprovalState.SUBMITTED:
                return None
            move(approval, ApprovalState.STARTING)
            approval.attempt += 1
            approval.starting_at = self.clock.now()
            approval.due_at = approval.starting_at + START_LEASE
            session.flush()
            return order_of(approval), approval.attempt, approval.trial_id is not None

    def _start_failed(self, approval_id: int, attempt: int, failure: Failure) -> None:
        log.warning("start.failed", kind=failure.kind, code=failure.code, request_id=failure.request_id)
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state != ApprovalState.STARTING or approval.attempt != attempt:
                return
            approval.failure = failure.to_json()
            if failure.retry == Retry.RETRYABLE:
                move(approval, ApprovalState.SUBMITTED)
                approval.attempt -= 1  # nothing was created: the reference stays what it is
                approval.due_at = self.clock.now() + _retry_pause(approval, failure)
                approval.retries += 1
                self._withdraw_unstarted(session, approval)
            elif failure.retry == Retry.OUTCOME_UNKNOWN:
                move(approval, ApprovalState.START_UNKNOWN)
                approval.resolve_tries = 0
                approval.due_at = self.clock.now() + RESOLVE_PAUSES[0]
            else:
                self._give_up(session, approval)
            sum_up_request(approval.request, at=approval.closed_at or self.clock.now())

    def _resolve(self, approval_id: int, channel: ApprovalChannel) -> None:
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state == ApprovalState.STARTING:
                move(approval, ApprovalState.START_UNKNOWN)
                approval.resolve_tries = 0
                sum_up_request(approval.request, at=approval.closed_at or self.clock.now())
            if approval.state != ApprovalState.START_UNKNOWN or approval.starting_at is None:
                return
            order, since, attempt = order_of(approval), approval.starting_at, approval.attempt
        try:
            instance_id = channel.find_started(order, since=since)
        except ChannelError as error:
            self._resolve_failed(approval_id, error.failure)
            return
        if instance_id is None:
            self._not_found(approval_id)
        else:
            url = channel.link(instance_id)
            self._adopt(approval_id, attempt, instance_id, url=url, action="instance.adopted")

    def _resolve_failed(self, approval_id: int, failure: Failure) -> None:
        log.warning("resolve.failed", kind=failure.kind, code=failure.code, request_id=failure.request_id)
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state == ApprovalState.START_UNKNOWN:
                approval.failure = failure.to_json()
                approval.due_at = self.clock.now() + _retry_pause(approval, failure)
                approval.retries += 1

    def _not_found(self, approval_id: int) -> None:
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state != ApprovalState.START_UNKNOWN:
                return
            approval.resolve_tries += 1
            if approval.resolve_tries < len(RESOLVE_PAUSES):
                approval.due_at = self.clock.now() + RESOLVE_PAUSES[approval.resolve_tries]
                return
            first = Failure.from_json(approval.failure) if approval.failure else None
            error = own_failure(OwnFailure.NOT_FOUND_AFTER_UNKNOWN, first=first.sentence if first else "")
            approval.failure = error.failure.to_json()
            self._give_up(session, approval)
            sum_up_request(approval.request, at=approval.closed_at or self.clock.now())

    def _adopt(self, approval_id: int, attempt: int, instance_id: str, *, url: str, action: str) -> None:
        with transaction() as session:
            approval = locked(session, approval_id)
            still_ours = approval.state in (ApprovalState.STARTING, ApprovalState.START_UNKNOWN)
            if not still_ours or approval.attempt != attempt:
                self._twin(session, approval, instance_id)
                return
            move(approval, ApprovalState.PENDING)
            approval.instance_id, approval.instance_url = instance_id, url
            approval.started_at = self.clock.now()
            approval.failure, approval.retries = None, 0
            if approval.trial_id is not None:
                approval.withdrawal_requested_at = self.clock.now()
            approval.due_at = self.outcomes.next_look(approval)
            sum_up_request(approval.request, at=approval.closed_at or self.clock.now())
            record(
                session,
                PORTAL,
                action,
                at=self.clock.now(),
                subject=("approval", approval.number),
                after={"instance_id": instance_id, "attempt": attempt},
            )
        log.info(action, instance_id=instance_id)

    def _twin(self, session: Session, approval: Approval, instance_id: str) -> None:
        if approval.instance_id == instance_id:
            return
        approval.incident = {"kind": "twin", "instance_id": instance_id}
        record(
            session,
            PORTAL,
            "instance.twin_found",
            at=self.clock.now(),
            subject=("approval", approval.number),
            after={"instance_id": instance_id, "adopted": approval.instance_id},
        )

    def _give_up(self, session: Session, approval: Approval) -> None:
        move(approval, ApprovalState.COULD_NOT_START)
        approval.due_at = None
        record(
            session,
            PORTAL,
            "start.gave_up",
            at=self.clock.now(),
            subject=("approval", approval.number),
            after={"failure": (approval.failure or {}).get("kind")},
        )
        self._withdraw_unstarted(session, approval)

    def _withdraw_unstarted(self, session: Session, approval: Approval) -> None:
        if approval.withdrawal_requested_at is None:
            return
        before = approval.state
        move(approval, ApprovalState.WITHDRAWN)
        approval.closed_at, approval.due_at, approval.failure = self.clock.now(), None, None
        record(
            session,
            PORTAL,
            "approval.outcome",
            at=self.clock.now(),
            subject=("approval", approval.number),
            before={"state": before},
            after={"state": approval.state},
        )

    def _telling(self, approval_id: int, failure: Failure) -> Failure:
        """Return who has left where that is why DingTalk refused, else the failure as it is."""
        if failure.kind in ABOUT_PEOPLE and failure.retry == Retry.PERMANENT:
            try:
                self._check_people(approval_id, max_age=timedelta())
            except ChannelError as error:
                return error.failure
        return failure

    def _check_people(self, approval_id: int, *, max_age: timedelta = FRESH_FOR) -> None:
        approval = db.session.get_one(Approval, approval_id)
        approver_id, requester_id = approval.approver_id, approval.requester.id
        for person_id in (approver_id, requester_id):
            self.people.refresh(person_id, max_age=max_age)
        approval = db.session.get_one(Approval, approval_id)
        approver_is_active, name = approval.approver.is_active, approval.approver.name
        requester_is_active = approval.requester.is_active
        db.session.rollback()
        if not approver_is_active:
            raise own_failure(OwnFailure.APPROVER_LEFT, name=name)
        if not requester_is_active:
            raise own_failure(OwnFailure.REQUESTER_LEFT)

    def _note_token(self, approval_id: int) -> None:
        with transaction() as session:
            trial = session.get_one(Approval, approval_id).trial
            if trial is not None and trial.token_obtained_at is None:
                trial.token_obtained_at = self.clock.now()

    def _wake(self, approval_id: int, state: str, *, at: datetime) -> None:
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state == state:
                approval.due_at = at


def _retry_pause(approval: Approval, failure: Failure) -> timedelta:
    if failure.kind == "quota_exhausted":
        return QUOTA_PAUSE
    return RETRY_PAUSES[min(approval.retries, len(RETRY_PAUSES) - 1)]
