"""Access requests: submit, follow, withdraw, try again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import structlog
from flask_babel import get_locale
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.channels.dingtalk.people import approval_department
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import (
    AccessRequest,
    Approval,
    ApprovalSettings,
    ApprovalTemplate,
    Person,
    RequestItem,
    Resource,
)
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.entitlement import Entitlement, entitlements_of
from portal.rules.request_number import request_number
from portal.rules.validity import Validity, ValidityFault, check_validity
from portal.services.approval_rows import move, sum_up_request
from portal.services.approver_choice import ApproverChoices, ApproverPreview, decide
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.form_values import reference, request_values
from portal.services.start_again import start_again
from portal.services.start_attempts import plan_late_look

log = structlog.get_logger(__name__)

LONGEST_REASON = 2000


@dataclass(frozen=True, kw_only=True)
class RequestForm:
    """What a requester submits. ``submission_key`` comes from the form, so that sending twice is one request."""

    resource_id: int
    entitlement: str
    days: int | None
    until: date | None
    reason: str
    department_id: int | None
    submission_key: str


@dataclass(frozen=True, kw_only=True)
class AccessRequests:
    """What requesters do. ``public_url`` is the portal's own address, for the link in the form."""

    clock: Clock
    approvers: ApproverChoices
    public_url: str

    def preview(self, requester: Person, resource_id: int) -> ApproverPreview:
        """Return who would decide about this resource, and why."""
        return self.approvers.preview(requester_id=requester.id, resource_id=resource_id)

    def obstacle(self, requester: Person) -> ProblemReason | None:
        """Return why this person cannot ask for anything now, or None when they can."""
        try:
            _template_in_use(db.session())
            _department(requester, None)
        except Problem as problem:
            return problem.reason
        return None

    def submit(self, actor: Actor, requester: Person, form: RequestForm) -> str:
        """Store the request with its promise to start it, and return its number.

        Raises ``FieldFault`` for bad input and ``Problem`` when requests cannot be made now.
        """
        requester_id = requester.id
        validity = self._check(form)
        self.approvers.refresh(form.resource_id)
        try:
            return self._submit_once(actor, requester_id, form, validity)
        except IntegrityError:
            # The same form arrived twice at the same moment, and the other one was faster.
            earlier = _number_of(db.session(), requester_id=requester_id, submission_key=form.submission_key)
            if earlier is None:
                raise
            return earlier

    def _submit_once(self, actor: Actor, requester_id: int, form: RequestForm, validity: Validity) -> str:
        with transaction() as session:
            earlier = _number_of(session, requester_id=requester_id, submission_key=form.submission_key)
            if earlier is not None:
                return earlier
            requester = session.get_one(Person, requester_id)
            resource = session.get_one(Resource, form.resource_id)
            # Held until the end: the session forgets what nobody holds, and all below ask for it again.
            _settings = session.get(ApprovalSettings, 1)
            approval = self._store(session, requester, resource, form, validity)
            record(
                session,
                actor,
                "request.submitted",
                at=self.clock.now(),
                subject=("access_request", approval.number),
                after={
                    "resource": resource.name,
                    "entitlement": form.entitlement,
                    "approver": approval.approver.name,
                },
            )
            number = approval.number
        log.info("request.submitted", number=number)
        return number

    def view(self, person: Person, number: str) -> AccessRequest:
        """Return a request to its requester, its approver or an admin; to others it does not exist."""
        request = db.session.scalar(select(AccessRequest).filter_by(number=number))
        if request is None:
            raise NotThere
        is_approver = any(approval.approver_id == person.id for approval in request.approvals)
        if request.requester_id != person.id and not is_approver and not person.is_organization_admin:
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
        involved = {each.requester_id for each in rows} | {each.approver_id for each in rows}
        if not rows or (person.id not in involved and not person.is_organization_admin):
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
            template = _template_in_use(session)
            for approval in stuck:
                start_again(
                    session,
                    request,
                    approval,
                    template=template,
                    status_page=self._status_page(number),
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

    def _check(self, form: RequestForm) -> Validity:
        resource = self._resource(form)
        if form.entitlement not in entitlements_of(resource.resource_type):
            raise FieldFault("entitlement", "not_for_this_resource")
        if not _text(form.reason):
            raise FieldFault("reason", "missing")
        if len(form.reason) > LONGEST_REASON:
            raise FieldFault("reason", "too_long", limit=str(LONGEST_REASON))
        try:
            return check_validity(days=form.days, until=form.until, today=self.clock.now().date())
        except ValidityFault as fault:
            raise FieldFault("until" if form.days is None else "days", fault.reason) from fault

    @staticmethod
    def _resource(form: RequestForm) -> Resource:
        resource = db.session.get(Resource, form.resource_id)
        if resource is None:
            raise FieldFault("resource", "unknown")
        return resource

    def _store(
        self,
        session: Session,
        requester: Person,
        resource: Resource,
        form: RequestForm,
        validity: Validity,
    ) -> Approval:
        template = _template_in_use(session)
        chosen = decide(requester_id=requester.id, resource=resource)
        if chosen.approver is None or chosen.reason is None:
            raise Problem(ProblemReason.NOBODY_DECIDES)
        now = self.clock.now()
        request = AccessRequest(
            number=secrets.token_hex(12),  # replaced below, once the row has its id
            requester_id=requester.id,
            department_id=_department(requester, form.department_id),
            reason=_text(form.reason),
            requested_duration_days=validity.days,
            valid_until=validity.until,
            language=str(get_locale() or "en"),
            state=ApprovalState.SUBMITTED,
            submission_key=form.submission_key,
            submitted_at=now,
        )
        session.add(request)
        session.flush()
        request.number = request_number(request.id, year=now.year)
        approval = Approval(
            request=request,
            channel=ChannelName.DINGTALK,
            template=template,
            approver=chosen.approver,
            approver_reason=chosen.reason,
            state=ApprovalState.SUBMITTED,
            due_at=now,
            submitted_values=request_values(
                template,
                number=reference(request.number, position=1, attempt=1),
                resource=resource,
                entitlement=Entitlement(form.entitlement),
                validity=validity,
                reason=request.reason,
                status_page=self._status_page(request.number),
            ),
        )
        session.add(approval)
        session.flush()
        session.add(
            RequestItem(
                request=request, approval_id=approval.id, resource=resource, entitlement=form.entitlement
            )
        )
        return approval

    def _status_page(self, number: str) -> str:
        return f"{self.public_url}/requests/{number}"

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
        if approval.state in (ApprovalState.SUBMITTED, ApprovalState.COULD_NOT_START):
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


def _text(typed: str) -> str:
    # PostgreSQL stores no NUL, and nobody types one.
    return typed.replace("\x00", "").strip()


def _number_of(session: Session, *, requester_id: int, submission_key: str) -> str | None:
    return session.scalar(
        select(AccessRequest.number).filter_by(requester_id=requester_id, submission_key=submission_key)
    )


def _template_in_use(session: Session) -> ApprovalTemplate:
    settings = session.get(ApprovalSettings, 1)
    if settings is None or not settings.is_enabled or not settings.is_dingtalk_channel_on:
        raise Problem(ProblemReason.APPROVAL_OFF)
    if settings.template is None:
        raise Problem(ProblemReason.NO_TEMPLATE)
    return settings.template


def _department(requester: Person, chosen: int | None) -> int:
    if not requester.is_dingtalk_person:
        raise Problem(ProblemReason.NOT_A_DINGTALK_PERSON)
    if not requester.departments:
        raise Problem(ProblemReason.NO_DEPARTMENT)
    if chosen is None:
        return approval_department(requester.departments[0])
    if chosen not in requester.departments:
        raise FieldFault("department", "not_yours")
    return approval_department(chosen)
