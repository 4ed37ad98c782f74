"""Asking for access: who would decide, what stands in the way, and the request with its promise to start it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

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
    Person,
    RequestItem,
    Resource,
)
from portal.models.approval_template import TemplateMode
from portal.rules.approval_state import ApprovalState
from portal.rules.entitlement import Entitlement, entitlements_of
from portal.rules.flow_rules import NodePerson
from portal.rules.request_number import request_number
from portal.rules.validity import Validity, ValidityFault, check_validity
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.request_address import address_in_form
from portal.services.requests.approver_choice import ApproverChoices, ApproverPreview
from portal.services.requests.choice_keeping import keep_choice
from portal.services.requests.flow_choices import FlowChoices, FlowOffer, Settled
from portal.services.requests.flow_question import FlowQuestion, flow_question
from portal.services.requests.request_form import RequestForm, check_form
from portal.services.templates.form_values import reference, request_values
from portal.services.templates.template_in_use import template_in_use

log = structlog.get_logger(__name__)

USUAL_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class RequestSubmission:
    """Takes requests in. ``public_url`` is the portal's own address, for the link in the form."""

    clock: Clock
    approvers: ApproverChoices
    flow_choices: FlowChoices
    public_url: str

    def preview(self, requester: Person, resource_id: int) -> ApproverPreview:
        """Return who would decide about this resource, and why."""
        return self.approvers.preview(requester_id=requester.id, resource_id=resource_id)

    def obstacle(self, requester: Person) -> ProblemReason | None:
        """Return why this person cannot ask for anything now, or None when they can."""
        try:
            template_in_use(db.session())
            _department(requester, None)
        except Problem as problem:
            return problem.reason
        return None

    def asks_for_choices(self) -> bool:
        """Whether requesters choose approvers now: only then does everybody search the directory."""
        try:
            return template_in_use(db.session()).mode == TemplateMode.FULL_FLOW
        except Problem:
            return False

    def flow(self, requester: Person, form: RequestForm, *, is_sent: bool) -> FlowOffer | None:
        """Return the flow that this request would pass, or None where one approver decides peer to peer.

        What ``form`` does not say yet is made up; ``is_sent`` says that its choices are the requester's. Without,
        the approver of the policy is chosen at the first node. Raises ``ChannelError``.
        """
        question = self._question(requester, form)
        if question is None:
            return None
        if is_sent:
            return self.flow_choices.offer(question, sent=form.choices)
        policy = self.preview(requester, form.resource_id).approver
        preferred = NodePerson(user_id=policy.user_id or "", name=policy.name) if policy else None
        return self.flow_choices.offer(question, preferred=preferred)

    def submit(self, actor: Actor, requester: Person, form: RequestForm) -> str:
        """Store the request with its promise to start it, and return its number.

        Raises ``FieldFault`` for bad input, ``Problem`` when requests cannot be made now, and ``ChannelError`` when
        DingTalk does not tell the flow for which approvers were chosen.
        """
        requester_id = requester.id
        validity = check_form(form, self._resource(form), today=self.clock.now().date())
        self.approvers.refresh(form.resource_id)
        earlier = _number_of(db.session(), requester_id=requester_id, submission_key=form.submission_key)
        if earlier is not None:
            return earlier
        question = self._question(requester, form)
        db.session.rollback()
        settled = self.flow_choices.settle(question, form.choices) if question else None
        try:
            return self._submit_once(actor, requester_id, form, validity, settled)
        except IntegrityError:
            # The same form arrived twice at the same moment, and the other one was faster.
            earlier = _number_of(db.session(), requester_id=requester_id, submission_key=form.submission_key)
            if earlier is None:
                raise
            return earlier

    def _submit_once(
        self,
        actor: Actor,
        requester_id: int,
        form: RequestForm,
        validity: Validity,
        settled: Settled | None,
    ) -> str:
        with transaction() as session:
            earlier = _number_of(session, requester_id=requester_id, submission_key=form.submission_key)
            if earlier is not None:
                return earlier
            requester = session.get_one(Person, requester_id)
            resource = session.get_one(Resource, form.resource_id)
            # Held until the end: the session forgets what nobody holds, and all below ask for it again.
            _settings = session.get(ApprovalSettings, 1)
            approval = self._store(session, requester, resource, form, validity, settled)
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
                    **({"chosen": settled.told} if settled else {}),
                },
            )
            number = approval.number
        log.info("request.submitted", number=number)
        return number

    def _question(self, requester: Person, form: RequestForm) -> FlowQuestion | None:
        resource = self._resource(form)
        levels = entitlements_of(resource.resource_type)
        today = self.clock.now().date()
        try:
            validity = check_validity(days=form.days, until=form.until, today=today)
        except ValidityFault:
            validity = Validity(days=USUAL_DAYS)
        chosen = form.department_id if form.department_id in requester.departments else None
        return flow_question(
            template_in_use(db.session()),
            requester,
            resource=resource,
            entitlement=Entitlement(form.entitlement) if form.entitlement in levels else levels[0],
            validity=validity,
            reason=form.reason_text,
            department_id=_department(requester, chosen),
            today=today,
        )

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
        settled: Settled | None,
    ) -> Approval:
        template = template_in_use(session)
        now = self.clock.now()
        request = AccessRequest(
            number=secrets.token_hex(12),  # replaced below, once the row has its id
            requester_id=requester.id,
            department_id=_department(requester, form.department_id),
            reason=form.reason_text,
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
            state=ApprovalState.SUBMITTED,
            due_at=now,
            submitted_values=request_values(
                template,
                number=reference(request.number, position=1, attempt=1),
                resource=resource,
                entitlement=Entitlement(form.entitlement),
                validity=validity,
                reason=request.reason,
                status_page=address_in_form(self.public_url, request.number),
                today=now.date(),
            ),
        )
        with session.no_autoflush:  # the row is not whole until its approver stands on it
            session.add(approval)
            keep_choice(session, approval, template, resource=resource, settled=settled)
        session.flush()
        session.add(
            RequestItem(
                request=request, approval_id=approval.id, resource=resource, entitlement=form.entitlement
            )
        )
        return approval


def _number_of(session: Session, *, requester_id: int, submission_key: str) -> str | None:
    return session.scalar(
        select(AccessRequest.number).filter_by(requester_id=requester_id, submission_key=submission_key)
    )


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
