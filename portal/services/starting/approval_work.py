"""Moves one approval a step: start it, or find out whether it was started; what runs is looked after elsewhere.

The row is the guard (docs/decisions: start protocol). ``starting`` is committed before DingTalk is called;
whoever finds a row in ``starting`` goes looking for the instance and never creates one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from portal.channels.approval_channel import ApprovalChannel, ChannelName, StartOrder
from portal.channels.failures import CHOOSE_AGAIN, ChannelError, Failure, OwnFailure, Retry, own_failure
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.log_context import work_about
from portal.models import Approval, Person
from portal.rules.approval_state import ApprovalState, is_final
from portal.services.approval_rows import locked, move, order_of, sum_up_request
from portal.services.outcomes.outcomes import Outcomes
from portal.services.outcomes.running_approvals import RunningApprovals
from portal.services.people import FRESH_FOR, People
from portal.services.starting.instance_adoption import STARTED, InstanceAdoption
from portal.services.starting.lost_starts import LostStarts
from portal.services.starting.start_attempts import RESOLVE_PAUSES, START_LEASE
from portal.services.starting.unstarted import give_up, wait_for_choice, withdraw_if_asked
from portal.services.starting.unstarted_resumption import ABOUT_TEMPLATE
from portal.services.templates.template_flow import wake_check
from portal.services.work.retry_pauses import pause_before_retry

log = structlog.get_logger(__name__)

# The call itself must end within the lease.
RENEWED_AFTER = timedelta(seconds=10)
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
    adoption: InstanceAdoption
    lost: LostStarts

    def advance(self, approval_id: int) -> None:
        """Do what is due for this approval; failures are recorded on the row, bugs raise."""
        approval = db.session.get(Approval, approval_id)
        if approval is None:
            return
        state, starting_at, instance_id = approval.state, approval.starting_at, approval.instance_id
        with work_about(approval=approval_id, number=approval.number):
            channel = self.channels.get(ChannelName(approval.channel))
            if channel is None:
                self._let_rest(approval_id)
                return
            if state == ApprovalState.SUBMITTED:
                self._start(approval_id, channel)
            elif state == ApprovalState.START_UNKNOWN:
                self.lost.look(approval_id, channel)
            elif state == ApprovalState.STARTING and starting_at is not None:
                # Somebody is calling DingTalk, or died while calling.
                if self.clock.now() - starting_at >= START_LEASE:
                    self.lost.look(approval_id, channel)
                else:
                    self._wake(approval_id, state, at=starting_at + START_LEASE)
            elif state == ApprovalState.PENDING:
                self.running.follow(approval_id, channel)
            elif instance_id is None:
                self.lost.look_late(approval_id, channel)
            elif is_final(state) and self.outcomes.has_waiting_events(approval_id):
                self.outcomes.read(approval_id, channel, instance_id)

    def _start(self, approval_id: int, channel: ApprovalChannel) -> None:
        claimed_at, claimed = self.clock.now(), self._claim_start(approval_id)
        if claimed is None:
            return
        order, attempt, is_trial = claimed
        try:
            if is_trial:
                channel.prove_access()
                self._note_token(approval_id)
            if self.lost.adopt_earlier(approval_id, channel):
                return
            self._check_people(approval_id)
            if not self._is_still_ours(approval_id, attempt, claimed_at):
                return
            instance_id = channel.start(order)
        except ChannelError as error:
            self._start_failed(approval_id, attempt, self._telling(approval_id, error.failure))
            return
        self.adoption.adopt(approval_id, channel, attempt=attempt, instance_id=instance_id, action=STARTED)

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

    def _is_still_ours(self, approval_id: int, attempt: int, claimed_at: datetime) -> bool:
        """Renew the lease if what came before the call took long; not where somebody took over meanwhile."""
        if self.clock.now() - claimed_at < RENEWED_AFTER:
            return True
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state != ApprovalState.STARTING or approval.attempt != attempt:
                return False
            approval.starting_at = self.clock.now()
            approval.due_at = approval.starting_at + START_LEASE
            return True

    def _start_failed(self, approval_id: int, attempt: int, failure: Failure) -> None:
        log.warning("start.failed", **failure.told)
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state != ApprovalState.STARTING or approval.attempt != attempt:
                return
            now = self.clock.now()
            approval.failure = failure.to_json()
            if failure.kind in ABOUT_TEMPLATE | CHOOSE_AGAIN:
                wake_check(session, at=now)
            if failure.retry == Retry.RETRYABLE:
                move(approval, ApprovalState.SUBMITTED)
                approval.attempt -= 1  # nothing was created: the reference stays what it is
                approval.due_at = now + pause_before_retry(failure, retries=approval.retries)
                approval.retries += 1
                withdraw_if_asked(session, approval, at=now)
            elif failure.kind in CHOOSE_AGAIN:
                wait_for_choice(session, approval, at=now)
            elif failure.retry == Retry.OUTCOME_UNKNOWN:
                move(approval, ApprovalState.START_UNKNOWN)
                approval.resolve_tries, approval.retries = 0, 0
                approval.due_at = now + RESOLVE_PAUSES[0]
            else:
                give_up(session, approval, at=now)
            sum_up_request(approval.request, at=approval.closed_at or now)

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
        requester_id, is_chosen = approval.requester.id, approval.chosen_approvers is not None
        approver_ids = _chosen_ids(approval) if is_chosen else [approval.approver_id]
        for person_id in (*approver_ids, requester_id):
            self.people.refresh(person_id, max_age=max_age)
        approvers = [db.session.get_one(Person, each) for each in approver_ids]
        left = [each.name for each in approvers if not each.is_active]
        requester_is_active = db.session.get_one(Person, requester_id).is_active
        db.session.rollback()
        if left and is_chosen:
            raise own_failure(OwnFailure.CHOSEN_LEFT, people=", ".join(left))
        if left:
            raise own_failure(OwnFailure.APPROVER_LEFT, name=left[0])
        if not requester_is_active:
            raise own_failure(OwnFailure.REQUESTER_LEFT)

    def _note_token(self, approval_id: int) -> None:
        with transaction() as session:
            trial = session.get_one(Approval, approval_id).trial
            if trial is not None and trial.token_obtained_at is None:
                trial.token_obtained_at = self.clock.now()

    def _let_rest(self, approval_id: int) -> None:
        """Nothing is called for what is decided in the portal."""
        with transaction() as session:
            locked(session, approval_id).due_at = None

    def _wake(self, approval_id: int, state: str, *, at: datetime) -> None:
        with transaction() as session:
            approval = locked(session, approval_id)
            if approval.state == state:
                approval.due_at = at


def _chosen_ids(approval: Approval) -> list[int]:
    user_ids = {user_id for each in order_of(approval).choices or () for user_id in each.user_ids}
    known = select(Person.id).where(
        Person.corp_id == approval.requester.corp_id, Person.user_id.in_(user_ids)
    )
    return list(db.session.scalars(known.order_by(Person.id)))
