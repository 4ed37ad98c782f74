"""Access requests that were submitted: follow, withdraw, try again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, Grant, Person, RequestItem, Resource
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.approver_policy import Asking
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
from portal.services.requests.form_items import colleague_in_form, form_items, items_of
from portal.services.requests.request_part import RequestPart, parts_seen
from portal.services.starting.start_again import start_again, try_to_start_again
from portal.services.starting.start_attempts import plan_late_look
from portal.services.templates.template_in_use import template_in_use

# Where no call is under way whose outcome would have to be waited for.
NOTHING_IS_CALLED = (
    ApprovalState.AWAITING_ACCEPTANCE,
    ApprovalState.SUBMITTED,
    ApprovalState.NEEDS_CHOICE,
    ApprovalState.COULD_NOT_START,
)


@dataclass(frozen=True, kw_only=True)
class AccessRequests:
    """What people do with requests. ``public_url`` is the portal's own address, for the link in the form."""

    clock: Clock
    approvers: ApproverChoices
    flow_choices: FlowChoices
    public_url: str

    def view(self, person: Person, number: str) -> RequestPart:
        """Return a request, or their part of it, to its people, those who decide and those whose role reads it.

        To others it does not exist. Everything that its page shows is read at once, however many approvals there are.
        """
        request = db.session.scalar(_whole(), {"number": number})
        if request is None:
            raise NotThere
        on = organisation_day(self.clock.now())
        (part,) = parts_seen(db.session(), person, [request], on=on)
        if not (part.is_whole or part.items):
            raise NotThere
        return part

    def version(self, person: Person, number: str) -> str:
        """Return what ``version_of`` says of a request that the person may ``view``, without reading all of it."""
        rows = db.session.execute(
            select(
                AccessRequest.id,
                AccessRequest.requester_id,
                AccessRequest.on_behalf_of_id,
                Approval.approver_id,
                Approval.version,
            )
            .join(Approval, Approval.request_id == AccessRequest.id)
            .where(AccessRequest.number == number)
            .order_by(Approval.position)
        ).all()
        if not rows or not may_view(
            person,
            number,
            insiders={rows[0].requester_id, rows[0].on_behalf_of_id, *(each.approver_id for each in rows)},
            on=organisation_day(self.clock.now()),
        ):
            raise NotThere
        grants = db.session.scalars(
            select(Grant.version).filter_by(request_id=rows[0].id).order_by(Grant.item_id)
        )
        return _version((each.version for each in rows), grants)

    def withdraw(self, actor: Actor, requester: Person, number: str, *, position: int | None = None) -> None:
        """Withdraw one's own request, or one approval of it; what DingTalk already runs is ended there first.

        What is over stays as it is. Raises ``Problem`` where nothing is left to withdraw.
        """
        with transaction() as session:
            request = self._own(session, requester, number)
            wanted = [each for each in request.approvals if position in (None, each.position)]
            still_open = [each for each in wanted if not is_final(each.state)]
            if not wanted:
                raise NotThere
            if not still_open:
                raise Problem(ProblemReason.ALREADY_CLOSED)
            staying = [each for each in still_open if not is_being_withdrawn(each)]
            if not staying:
                raise Problem(ProblemReason.ALREADY_WITHDRAWING)
            for approval in staying:
                self._withdraw(approval)
            sum_up_request(request, at=self.clock.now())
            record(
                session,
                actor,
                "request.withdrawal_asked",
                at=self.clock.now(),
                subject=("access_request", number),
                after={"position": position} if position is not None else None,
            )

    def try_again(self, actor: Actor, requester: Person, number: str) -> None:
        """Start once more what could not be started, each under a reference of its own.

        What nobody can decide any more stays as it is while the rest goes on. Raises ``Problem`` when nothing can
        be tried again, or requests cannot be made now.
        """
        requester_id = requester.id
        self._refresh_approvers(requester_id, number)
        with transaction() as session:
            request = self._own(session, requester, number)
            stuck = [each for each in request.approvals if each.state == ApprovalState.COULD_NOT_START]
            if not stuck:
                raise Problem(ProblemReason.NOT_RETRYABLE)
            template = template_in_use(session)
            problems = [
                try_to_start_again(
                    session,
                    request,
                    approval,
                    template=template,
                    status_page=address_in_form(self.public_url, request.number),
                    at=self.clock.now(),
                )
                for approval in stuck
            ]
            in_the_way = [problem for problem in problems if problem is not None]
            if len(in_the_way) == len(stuck):
                raise in_the_way[0]
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
        self._refresh_approvers(requester_id, number)
        db.session.rollback()
        settled = self.flow_choices.settle(question, sent) if question else None
        with transaction() as session:
            request = self._own(session, session.get_one(Person, requester_id), number)
            waiting = _next_to_choose(request)
            if waiting is None:
                raise Problem(ProblemReason.NOTHING_TO_CHOOSE)
            start_again(
                session,
                request,
                waiting,
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
        waiting = _next_to_choose(request)
        if waiting is None:
            raise Problem(ProblemReason.NOTHING_TO_CHOOSE)
        return flow_question(
            template_in_use(db.session()),
            request.requester,
            items=form_items(items_of(db.session(), waiting)),
            validity=Validity(days=request.requested_duration_days, until=request.valid_until),
            reason=request.reason,
            department_id=request.department_id,
            today=self.clock.now().date(),
            on_behalf_of=colleague_in_form(request),
        )

    def _refresh_approvers(self, requester_id: int, number: str) -> None:
        """Let it be known freshly who can decide, outside of the transaction."""
        mine = select(AccessRequest).filter_by(number=number, requester_id=requester_id)
        request = db.session.scalar(mine)
        if request is not None:
            asking = Asking(requester_id=requester_id, grantee_id=request.grantee_id)
            self.approvers.refresh_all({each.resource_id for each in request.items}, asking=asking)

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
        now = self.clock.now()
        is_here = approval.channel == ChannelName.IN_PLATFORM
        if approval.state in NOTHING_IS_CALLED or is_here:
            move(approval, ApprovalState.WITHDRAWN)
            approval.closed_at, approval.due_at = now, None
            end_turns(approval)
            if not is_here:
                plan_late_look(approval, at=now)
            return
        # The requester's word goes over what the portal wants to end it for.
        approval.withdrawal_purpose = None
        approval.withdrawal_requested_at = now
        approval.failure = None
        if approval.state == ApprovalState.PENDING:
            approval.due_at = now


def is_being_withdrawn(approval: Approval) -> bool:
    """Whether its requester wants it ended already."""
    return approval.withdrawal_requested_at is not None and approval.withdrawal_purpose is None


@cache
def _whole() -> Select[tuple[AccessRequest]]:
    """Read all that a status page shows in as many statements for ten approvals as for one.

    Built once: putting it together takes longer than answering it, and an open page asks again and again.
    """
    approvals = selectinload(AccessRequest.approvals)
    items = selectinload(AccessRequest.items)
    return (
        select(AccessRequest)
        .where(AccessRequest.number == bindparam("number"))
        .options(
            joinedload(AccessRequest.on_behalf_of),
            approvals.selectinload(Approval.records),
            approvals.selectinload(Approval.deciders),
            approvals.joinedload(Approval.stands_in_for),
            approvals.joinedload(Approval.decided_by),
            items.joinedload(RequestItem.resource).lazyload(Resource.owner),
            items.joinedload(RequestItem.grant).lazyload(Grant.resource),
        )
    )


def _next_to_choose(request: AccessRequest) -> Approval | None:
    """Return the first approval that waits for a choice: each has a flow, and is chosen for, of its own."""
    return next((each for each in request.approvals if each.state == ApprovalState.NEEDS_CHOICE), None)


def version_of(request: AccessRequest) -> str:
    """Return a short text that differs whenever the request's approvals or grants differ."""
    grants = (each.grant for each in sorted(request.items, key=lambda each: each.id))
    return _version(
        (each.version for each in sorted(request.approvals, key=lambda each: each.position)),
        (each.version for each in grants if each is not None),
    )


def _version(approvals: Iterable[int], grants: Iterable[int]) -> str:
    told = ".".join(map(str, approvals))
    granted = ".".join(map(str, grants))
    return f"{told}-{granted}" if granted else told
