"""Instances of our templates that no approval owns: found out whose they are; twins are withdrawn, never applied."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask_babel import force_locale, gettext
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ApprovalChannel, ChannelName, Reading
from portal.channels.failures import INSTANCE_GONE, NOT_IN_THIS_STATE, ChannelError, Failure, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.log_context import work_about
from portal.models import AccessRequest, Approval, StrayInstance, Trial
from portal.models.callback_event import EventState
from portal.models.stray_instance import StrayState
from portal.rules.approval_state import AWAITING_INSTANCE, ApprovalState, is_final
from portal.services.approval_rows import locked, order_of
from portal.services.audit import PORTAL, record
from portal.services.events.event_inbox import EventInbox
from portal.services.starting.instance_adoption import InstanceAdoption, link_to
from portal.services.starting.start_attempts import START_LEASE, attempt_behind
from portal.services.starting.twins import open_events, reason_to_ignore, tell_of_twin
from portal.services.work.retry_pauses import WITHDRAWAL_WAIT, pause_before_retry

log = structlog.get_logger(__name__)

# A new instance may not be readable for a moment; what still is not after this many reads was deleted or never was.
READS_UNTIL_GONE = 4
WITHDRAWALS_TRIED = 12
# Where a request number may stand: anything else in a form leads to none of our rows.
_NUMBER = re.compile(r"([A-Z]+-\d{4}-\d+)(?:\.\d+)?(?:-\d+)?")


@dataclass(frozen=True, kw_only=True)
class StrayInstances:
    """Settles them one by one; safe to run twice for the same one."""

    clock: Clock
    channels: Mapping[ChannelName, ApprovalChannel]
    adoption: InstanceAdoption
    inbox: EventInbox

    def settle(self, stray_id: int) -> None:
        """Do what is due for this instance: one read to know it, and one call to withdraw a twin."""
        stray = db.session.get(StrayInstance, stray_id)
        if stray is None:
            return
        state, instance_id = stray.state, stray.instance_id
        number = stray.approval.number if stray.approval else None
        db.session.rollback()
        channel = self.channels[ChannelName.DINGTALK]
        with work_about(instance_id=instance_id, number=number):
            try:
                if state == StrayState.FOUND:
                    self._identify(stray_id, channel, instance_id)
                elif state == StrayState.TWIN:
                    self._withdraw(stray_id, channel, instance_id)
                elif state == StrayState.TWIN_STAYS:
                    self._look_again(stray_id, channel.read(instance_id))
                else:
                    self._rest(stray_id)
            except ChannelError as error:
                log.warning("stray.failed", **error.failure.told)
                self._failed(stray_id, error.failure)

    def _identify(self, stray_id: int, channel: ApprovalChannel, instance_id: str) -> None:
        reading, url = channel.read(instance_id), link_to(channel, instance_id)
        with transaction() as session:
            approvals = _named_in(session, reading)  # locked before the stray, as everywhere
            stray = _locked(session, stray_id)
            if stray.state != StrayState.FOUND:
                return
            stray.failure, stray.tries = None, 0
            behind = ((each, attempt_behind(each, reading)) for each in approvals)
            approval, attempt = next(((a, b) for a, b in behind if b is not None), (None, None))
            if approval is None or attempt is None:
                self._close(session, stray, StrayState.FOREIGN)
            elif approval.instance_id == instance_id:
                stray.approval = approval
                self._close(session, stray, StrayState.ADOPTED)
            elif (answer_by := self._answer_by(approval)) is not None:
                stray.due_at = answer_by  # whoever calls DingTalk at this moment adopts it
            elif approval.state in AWAITING_INSTANCE and attempt.is_in_time(reading.began_at):
                self.adoption.take(
                    session, approval, attempt=attempt.number, instance_id=instance_id, url=url
                )
            else:
                self._twin(session, stray, approval, reading, url=url)

    def _answer_by(self, approval: Approval) -> datetime | None:
        """Return until when a call that starts this approval may still be answered, while one is under way."""
        if approval.state != ApprovalState.STARTING or approval.starting_at is None:
            return None
        answer_by = approval.starting_at + START_LEASE
        return answer_by if answer_by > self.clock.now() else None

    def _twin(
        self,
        session: Session,
        stray: StrayInstance,
        approval: Approval,
        reading: Reading,
        *,
        url: str | None,
    ) -> None:
        stray.approval = approval
        record(
            session,
            PORTAL,
            "instance.twin_found",
            at=self.clock.now(),
            subject=("approval", approval.number),
            after={"instance_id": stray.instance_id, "adopted": approval.instance_id},
        )
        log.warning("instance.twin_found", number=approval.number, adopted=approval.instance_id)
        tell_of_twin(approval, stray, url=url)
        if is_final(reading.state):
            self._close_twin(session, stray, StrayState.TWIN_ENDED)
            return
        stray.state = StrayState.TWIN
        stray.due_at = max(self.clock.now(), stray.found_at + WITHDRAWAL_WAIT)
        tell_of_twin(approval, stray)
        self._settle_events(session, stray)

    def _withdraw(self, stray_id: int, channel: ApprovalChannel, instance_id: str) -> None:
        approval = db.session.get_one(StrayInstance, stray_id).approval
        if approval is None:
            return
        requester_user_id = order_of(approval).requester_user_id
        with force_locale(approval.template.language):
            remark = gettext("Withdrawn by the portal: this was started twice, and the other one counts")
        db.session.rollback()
        state = StrayState.TWIN_WITHDRAWN
        try:
            channel.withdraw(instance_id, requester_user_id=requester_user_id, remark=remark)
        except ChannelError as error:
            # Too young, or decided or ended meanwhile.
            if error.failure.kind != NOT_IN_THIS_STATE or not is_final(channel.read(instance_id).state):
                raise
            state = StrayState.TWIN_ENDED
        with transaction() as session:
            self._close_twin(session, _locked(session, stray_id), state)

    def _look_again(self, stray_id: int, reading: Reading) -> None:
        """Let the page say so when somebody ended in DingTalk what we could not."""
        with transaction() as session:
            stray = _locked(session, stray_id)
            stray.due_at = None
            if stray.state == StrayState.TWIN_STAYS and is_final(reading.state):
                self._close_twin(session, stray, StrayState.TWIN_ENDED)

    def _failed(self, stray_id: int, failure: Failure) -> None:
        with transaction() as session:
            stray = _locked(session, stray_id)
            if stray.state == StrayState.TWIN_STAYS and failure.kind != INSTANCE_GONE:
                stray.due_at = None  # why it stays is what the page tells
                return
            stray.failure, stray.tries = failure.to_json(), stray.tries + 1
            pause = pause_before_retry(failure, retries=stray.tries - 1)
            stray.due_at = self.clock.now() + max(pause, WITHDRAWAL_WAIT)
            is_permanent = failure.retry == Retry.PERMANENT
            if failure.kind == INSTANCE_GONE and stray.state != StrayState.FOUND:
                self._close_twin(session, stray, StrayState.TWIN_ENDED)  # deleted in DingTalk
            elif failure.kind == INSTANCE_GONE and stray.tries >= READS_UNTIL_GONE:
                stray.state, stray.closed_at, stray.due_at = StrayState.FOREIGN, self.clock.now(), None
            elif stray.state == StrayState.TWIN and (is_permanent or stray.tries >= WITHDRAWALS_TRIED):
                self._close_twin(session, stray, StrayState.TWIN_STAYS)

    def _close_twin(self, session: Session, stray: StrayInstance, state: StrayState) -> None:
        self._close(session, stray, state)
        if stray.approval is None:
            return
        tell_of_twin(stray.approval, stray)
        record(
            session,
            PORTAL,
            f"instance.{state.value}",
            at=self.clock.now(),
            subject=("approval", stray.approval.number),
            after={"instance_id": stray.instance_id, "failure": (stray.failure or {}).get("kind")},
        )

    def _close(self, session: Session, stray: StrayInstance, state: StrayState) -> None:
        stray.state, stray.closed_at, stray.due_at = state, self.clock.now(), None
        if state != StrayState.TWIN_STAYS:
            stray.failure = None
        log.info("stray.settled", state=state.value)
        self._settle_events(session, stray)

    def _settle_events(self, session: Session, stray: StrayInstance) -> None:
        reason = reason_to_ignore(stray)
        for event in open_events(session, stray.instance_id) if reason else ():
            event.approval_id = stray.approval_id
            self.inbox.settle(event, EventState.IGNORED, reason)

    def _rest(self, stray_id: int) -> None:
        with transaction() as session:
            _locked(session, stray_id).due_at = None


def _named_in(session: Session, reading: Reading) -> Sequence[Approval]:
    """Return the approvals, locked, whose number stands in the form."""
    texts = (_NUMBER.fullmatch(text.strip()) for text in reading.values.values())
    numbers = {found[1] for found in texts if found}
    if not numbers:
        return ()
    of_request = select(AccessRequest.id).where(AccessRequest.number.in_(numbers))
    of_trial = select(Trial.id).where(Trial.number.in_(numbers))
    return session.scalars(
        select(Approval)
        .where(or_(Approval.request_id.in_(of_request), Approval.trial_id.in_(of_trial)))
        .order_by(Approval.id)
        .with_for_update(of=Approval)
    ).all()


def _locked(session: Session, stray_id: int) -> StrayInstance:
    """Return a stray, kept from others; its approval before it: the order in which everybody takes them."""
    approval_id = session.scalar(select(StrayInstance.approval_id).where(StrayInstance.id == stray_id))
    if approval_id is not None:
        locked(session, approval_id)
    return session.scalars(
        select(StrayInstance).where(StrayInstance.id == stray_id).with_for_update(of=StrayInstance)
    ).one()
