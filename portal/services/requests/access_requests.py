"""Access requests that were submitted: follow, withdraw, try again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, Person, RequestItem
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.entitlement import Entitlement
from portal.rules.organisation_day import organisation_day
from portal.rules.validity import Validity
from portal.services.approval_rows import move, sum_up_request
from portal.services.audit import Actor, record
from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.outcomes.deciders import end_turns, may_view
from portal.services.request_address import address_in_form
from portal.services.requests.approver_choice import ApproverChoices
from portal.services.requests.flow_choices import FlowChoices, FlowOffer, SentChoice
from portal.services.requests.flow_question import FlowQuestion, flow_question
from portal.services.starting.start_again import start_again
from portal.services.starting.start_attempts import plan_late_look
from portal.services.templates.template_in_use import template_in_use

# Where no call is under way whose outcome would have to be waited for.
NOTHING_IS_CALLED = (ApprovalState.SUBMITTED, ApprovalState.NEEDS_CHOICE, ApprovalState.COULD_NOT_START)


@dataclass(frozen=True, kw_only=True)
class AccessRequests:
    """What people do with requests. ``public_url`` is the portal's own address, for the link in the form."""

    clock: Clock
    approvers: ApproverChoices
    flow_choices: FlowChoices
    public_url: str

    def view(self, person: Person, number: str) -> AccessRequest:
        """Return a request to its requester, those who decide or an admin; to others it does not exist."""
        request = db.session.scalar(select(AccessRequest).filter_by(number=number))
        if request is None or not may_view(
            person,
            number,
            requester_id=request.requester_id,
            approver_ids={each.approver_id for each in request.approvals},
            on=organisation_day(self.clock.now()),
        ):
            raise NotThere
        return request

    def version(self, person: Person, number: str) -> str:
        """Return what ``version_of`` says of a request that the person may ``view``, without reading all of it."""
        rows = db.session.execute(
            select(AccessRequest.requester_id, Approval.approver_id, Approval.version)
            .join(Approval, Approval.request_id == AccessRequest.id)
            .where(AccessRequest.number == number)
            .order_by(Approval.position)
        ).all()
        if not rows or not may_view(
            person,
            number,
            requester_id=rows[0].requester_id,
            approver_ids={each.approver_id for each in rows},
            on=organisation_day(self.clock.now()),
        ):
            raise NotThere
        return _version(each.version for each in rows)

    def withdraw(self, actor: Actor, requester: Person, number: str) -> None:
        """Withdraw one's own request; what DingTalk already runs is ended there first."""
        with transaction() as session:
            request = self._own(session, requester, number)
            if is_final(request.state):
                raise Problem(ProblemReason.ALREADY_CLOSED)
            for approval in request.approvals:
                self._withdraw(approval)
            sum_up_request(request, at=self.clock.now())
            record(
                session,
                actor,
                "request.withdrawal_asked",
                at=self.clock.now(),
                subject=("access_request", number),
            )

    def try_again(self, actor: Actor, requester: Person, number: str) -> None:
        """Start once more what could not be started, under a reference of its own.

        Raises ``Problem`` when nothing is to be tried again, or requests cannot be made now.
        """
        requester_id = requester.id
        for resource_id in self._resources_of(requester_id, number):
            self.approvers.refresh(resource_id)
        with transaction() as session:
            request = self._own(session, requester, number)
            stuck = [each for each in request.approvals if each.state == ApprovalState.COULD_NOT_START]
            if not stuck:
                raise Problem(ProblemReason.NOT_RETRYABLE)
            template = template_in_use(session)
            for approval in stuck:
                start_again(
                    session,
                    request,
                    approval,
                    template=template,
                    status_page=address_in_form(self.public_url, number),
                    at=self.clock.now(),
                )
            sum_up_request(request, at=self.clock.now())
            record(
                session,
                actor,
                "request.tried_again",
                at=self.clock.now(),
                subject=("access_request", number),
            )

    def flow(
        self, requester: Person, number: str, *, sent: Sequence[SentChoice] | None = None
    ) -> FlowOffer | None:
        """Return what there is to choose for one's own request that waits for a choice.

        None where the template of now asks for none. Raises ``NotThere``, ``Problem`` when no choice is waited for
        or requests cannot be made now, and ``ChannelError``.
        """
        question = self._question(requester, number)
        return self.flow_choices.offer(question, sent=sent) if question else None

    def choose_again(self, actor: Actor, requester: Person, number: str, sent: Sequence[SentChoice]) -> None:
        """Choose approvers anew for one's own request that waits for it, and promise its start.

        Raises ``FieldFault("choice", …)``, and what ``flow`` raises.
        """
        requester_id = requester.id
        question = self._question(requester, number)
        for resource_id in self._resources_of(requester_id, number):
            self.approvers.refresh(resource_id)
        db.session.rollback()
        settled = self.flow_choices.settle(question, sent) if question else None
        with transaction() as session:
            request = self._own(session, session.get_one(Person, requester_id), number)
            waiting = [each for each in request.approvals if each.state == ApprovalState.NEEDS_CHOICE]
            if not waiting:
                raise Problem(ProblemReason.NOTHING_TO_CHOOSE)
            for approval in waiting:
                start_again(
                    session,
                    request,
                    approval,
                    template=template_in_use(session),
                    status_page=address_in_form(self.public_url, number),
                    at=self.clock.now(),
                    settled=settled,
                )
            sum_up_request(request, at=self.clock.now())
            record(
                session,
                actor,
                "request.approvers_chosen",
                at=self.clock.now(),
                subject=("access_request", number),
                after={"chosen": settled.told} if settled else None,
            )

    def _question(self, requester: Person, number: str) -> FlowQuestion | None:
        request = db.session.scalar(select(AccessRequest).filter_by(number=number, requester_id=requester.id))
        if request is None:
            raise NotThere
        if all(each.state != ApprovalState.NEEDS_CHOICE for each in request.approvals):
            raise Problem(ProblemReason.NOTHING_TO_CHOOSE)
        item = request.items[0]
        return flow_question(
            template_in_use(db.session()),
            request.requester,
            resource=item.resource,
            entitlement=Entitlement(item.entitlement),
            validity=Validity(days=request.requested_duration_days, until=request.valid_until),
            reason=request.reason,
            department_id=request.department_id,
            today=self.clock.now().date(),
        )

    @staticmethod
    def _resources_of(requester_id: int, number: str) -> list[int]:
        mine = select(AccessRequest.id).filter_by(number=number, requester_id=requester_id)
        wanted = select(RequestItem.resource_id).where(RequestItem.request_id.in_(mine))
        return list(db.session.scalars(wanted))

    @staticmethod
    def _own(session: Session, requester: Person, number: str) -> AccessRequest:
        mine = select(AccessRequest).filter_by(number=number, requester_id=requester.id)
        # Approvals before their request: the order in which the worker takes them.
        session.scalars(
            select(Approval)
            .where(Approval.request_id.in_(mine.with_only_columns(AccessRequest.id)))
            .order_by(Approval.id)
            .with_for_update(of=Approval)
        ).all()
        request = session.scalar(mine.with_for_update(of=AccessRequest))
        if request is None:
            raise NotThere
        return request

    def _withdraw(self, approval: Approval) -> None:
        if approval.channel == ChannelName.IN_PLATFORM and not is_final(approval.state):
            move(approval, ApprovalState.WITHDRAWN)
            approval.closed_at, approval.due_at = self.clock.now(), None
            end_turns(approval)
        elif approval.state in NOTHING_IS_CALLED:
            move(approval, ApprovalState.WITHDRAWN)
            approval.closed_at = self.clock.now()
            plan_late_look(approval, at=approval.closed_at)
        elif not is_final(approval.state):
            if approval.withdrawal_requested_at is not None:
                raise Problem(ProblemReason.ALREADY_WITHDRAWING)
            approval.withdrawal_requested_at = self.clock.now()
            approval.failure = None
            if approval.state == ApprovalState.PENDING:
                approval.due_at = self.clock.now()


def version_of(request: AccessRequest) -> str:
    """Return a short text that differs whenever the request's approvals differ."""
    return _version(each.version for each in sorted(request.approvals, key=lambda each: each.position))


def _version(versions: Iterable[int]) -> str:
    return ".".join(map(str, versions))
