"""The colleague for whom somebody asks has the first word: nobody decides about what they do not want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import structlog
from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, lazyload, selectinload

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, Person, RequestItem
from portal.models.access_request import Acceptance
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.approver_policy import Asking
from portal.services.approval_rows import move, sum_up_request
from portal.services.audit import Actor, record
from portal.services.decisions.begin import begin
from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.notices.about_pending import promise_declined
from portal.services.pending.deadlines import set_deadlines
from portal.services.requests.approver_choice import ApproverChoices
from portal.services.requests.choice_keeping import keep_approver, policy_approver

log = structlog.get_logger(__name__)

MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Acceptances:
    """Takes the answer of the one person whom the access is for."""

    clock: Clock
    approvers: ApproverChoices

    def asked_of(self, person: Person) -> Sequence[AccessRequest]:
        """Return the newest requests that wait for this person's answer."""
        return db.session.scalars(_asked_of(), {"person_id": person.id}).all()

    def accept(self, actor: Actor, person: Person, number: str) -> None:
        """Let the approvals go on: started in DingTalk, or waiting in the portal. Accepted again, nothing changes.

        The policy is asked again, since days may have passed; whoever was to decide stays if they still can. Raises
        ``NotThere`` for anybody else and ``Problem``: ``ALREADY_ANSWERED``, ``ALREADY_CLOSED``, ``NOBODY_DECIDES``,
        ``NOBODY_DECIDES_ALL``.
        """
        person_id = person.id
        self._refresh(person_id, number)
        with transaction() as session:
            request, approvals = self._asked(session, person_id, number)
            if request.acceptance == Acceptance.ACCEPTED:
                return
            _check_open(request)
            now = self.clock.now()
            request.acceptance, request.answered_at = Acceptance.ACCEPTED, now
            for approval in approvals:
                if approval.state == ApprovalState.AWAITING_ACCEPTANCE:
                    self._go_on(session, approval)
            sum_up_request(request, at=now)
            subject = ("access_request", number)
            record(session, actor, "request.accepted", at=now, subject=subject)
        log.info("request.accepted", number=number)

    def decline(self, actor: Actor, person: Person, number: str) -> None:
        """End the request before anybody is asked; its requester is told. Declined again, nothing changes.

        Raises ``NotThere`` for anybody else and ``Problem``: ``ALREADY_ANSWERED``, ``ALREADY_CLOSED``.
        """
        person_id = person.id
        with transaction() as session:
            request, approvals = self._asked(session, person_id, number)
            if request.acceptance == Acceptance.DECLINED:
                return
            _check_open(request)
            now = self.clock.now()
            request.acceptance, request.answered_at = Acceptance.DECLINED, now
            for approval in approvals:
                if approval.state == ApprovalState.AWAITING_ACCEPTANCE:
                    move(approval, ApprovalState.WITHDRAWN)
                    approval.closed_at, approval.due_at = now, None
            sum_up_request(request, at=now)
            promise_declined(session, request, at=now)
            subject = ("access_request", number)
            record(session, actor, "request.declined", at=now, subject=subject)
        log.info("request.declined", number=number)

    def _go_on(self, session: Session, approval: Approval) -> None:
        now = self.clock.now()
        if approval.chosen_approvers is None:
            items = session.scalars(
                select(RequestItem).filter_by(approval_id=approval.id).order_by(RequestItem.id)
            )
            resources = [each.resource for each in items]
            keep_approver(approval, policy_approver(session, approval, resources, at=now))
        set_deadlines(session, approval, at=now)
        if approval.channel == ChannelName.IN_PLATFORM:
            begin(session, approval, at=now)
            return
        move(approval, ApprovalState.SUBMITTED)
        approval.due_at = now

    def _refresh(self, person_id: int, number: str) -> None:
        """Let it be known freshly who can decide, outside of the transaction."""
        request = db.session.scalar(select(AccessRequest).filter_by(number=number, on_behalf_of_id=person_id))
        if request is not None and request.acceptance == Acceptance.ASKED:
            asking = Asking(requester_id=request.requester_id, grantee_id=person_id)
            self.approvers.refresh_all({each.resource_id for each in request.items}, asking=asking)
        db.session.rollback()

    @staticmethod
    def _asked(session: Session, person_id: int, number: str) -> tuple[AccessRequest, list[Approval]]:
        theirs = select(AccessRequest.id).filter_by(number=number, on_behalf_of_id=person_id)
        # Approvals before their request: the order in which everybody takes them.
        approvals = session.scalars(
            select(Approval)
            .where(Approval.request_id.in_(theirs))
            .order_by(Approval.id)
            .with_for_update(of=Approval)
        ).all()
        request = session.scalar(
            select(AccessRequest)
            .filter_by(number=number, on_behalf_of_id=person_id)
            .with_for_update(of=AccessRequest)
        )
        if request is None:
            raise NotThere
        return request, list(approvals)


@cache
def _asked_of() -> Select[tuple[AccessRequest]]:
    """Built once: nearly always it finds nothing, and putting it together takes longer than that."""
    return (
        select(AccessRequest)
        .where(
            AccessRequest.on_behalf_of_id == bindparam("person_id"),
            AccessRequest.acceptance == Acceptance.ASKED,
            AccessRequest.state == ApprovalState.AWAITING_ACCEPTANCE,
        )
        .options(
            selectinload(AccessRequest.items).joinedload(RequestItem.resource),
            lazyload(AccessRequest.approvals),
        )
        .order_by(AccessRequest.id.desc())
        .limit(MOST_SHOWN)
    )


def _check_open(request: AccessRequest) -> None:
    if is_final(request.state):
        raise Problem(ProblemReason.ALREADY_CLOSED)
    if request.acceptance != Acceptance.ASKED:
        raise Problem(ProblemReason.ALREADY_ANSWERED)
