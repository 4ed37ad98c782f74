"""Asking for access: the request with its approvals, and the promise to start them, in one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from flask_babel import get_locale
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, ApprovalSettings, Person
from portal.rules.approver_policy import Asking
from portal.rules.entitlement import Entitlement
from portal.rules.validity import LONGEST_DAYS, Validity
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.permissions import OnlyReads, require_change
from portal.services.requests.approver_candidates import read_candidates
from portal.services.requests.approver_choice import ApproverChoices, PossibleApprover
from portal.services.requests.channel_choice import channel_for_new_requests
from portal.services.requests.colleagues import Colleagues
from portal.services.requests.deciding_groups import DecidingGroup, deciding_groups
from portal.services.requests.departments import department_of
from portal.services.requests.entry_points import check_entry
from portal.services.requests.flow_choices import FlowChoices, Settled, choices_of
from portal.services.requests.flow_offers import FlowOffers
from portal.services.requests.item_checks import CheckedItem, check_items, resources_of
from portal.services.requests.request_form import RequestForm, check_form
from portal.services.requests.request_rows import ApprovalPlan, RequestPlan, store_request
from portal.services.templates.template_in_use import template_in_use

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class RequestSubmission:
    """Takes requests in. ``public_url`` is the portal's own address, for the link in the form."""

    clock: Clock
    approvers: ApproverChoices
    flow_choices: FlowChoices
    flow_offers: FlowOffers
    colleagues: Colleagues
    public_url: str

    def obstacle(self, requester: Person) -> ProblemReason | None:
        """Return why this person cannot ask for anything now, or None when they can."""
        session = db.session()
        try:
            require_change(requester)
            channel = channel_for_new_requests(session)
            if channel == ChannelName.DINGTALK:
                template_in_use(session)
            department_of(requester, None, channel=channel)
            settings = session.get(ApprovalSettings, 1)
            if settings is None or not settings.is_column_entry_on:
                check_entry(session, Entitlement.VIEW)  # else masked columns can still be asked for
        except OnlyReads:
            return ProblemReason.ONLY_READS
        except Problem as problem:
            return problem.reason
        return None

    def submit(self, actor: Actor, requester: Person, form: RequestForm) -> str:
        """Store the request with its promise to start it, and return its number.

        Raises ``FieldFault`` for bad input (with the ``index`` of its item), ``Problem`` when requests cannot be made
        now, ``OnlyReads`` for an auditor, and ``ChannelError`` when DingTalk does not tell the flow for which
        approvers were chosen.
        """
        require_change(requester)
        requester_id = requester.id
        session = db.session()
        settings = session.get(ApprovalSettings, 1)
        resource_ids = dict.fromkeys(each.id for each in resources_of(session, form.items))
        validity = check_form(
            form,
            today=self.clock.now().date(),
            longest_days=settings.longest_days if settings else LONGEST_DAYS,
        )
        grantee_id = requester_id
        if form.on_behalf_of:
            grantee_id = self.colleagues.remember(requester, form.on_behalf_of)
        asking = Asking(requester_id=requester_id, grantee_id=grantee_id)
        settled: Mapping[str, Settled] = {}
        asks_for_choices = self.flow_offers.asks_for_choices()
        if asks_for_choices:
            earlier = _number_of(session, requester_id=requester_id, submission_key=form.submission_key)
            if earlier is not None:
                return earlier
            self.approvers.refresh_all(resource_ids, asking=asking)
            settled = self._settled(db.session.get_one(Person, requester_id), form, grantee_id=grantee_id)
        try:
            try:
                return self._submit_once(actor, asking, form, validity, settled, is_fresh=asks_for_choices)
            except _NotFresh:
                self.approvers.refresh_all(resource_ids, asking=asking)
                return self._submit_once(actor, asking, form, validity, settled, is_fresh=True)
        except IntegrityError:
            # The same form arrived twice at the same moment, and the other one was faster.
            earlier = _number_of(db.session(), requester_id=requester_id, submission_key=form.submission_key)
            if earlier is None:
                raise
            return earlier

    def _settled(self, requester: Person, form: RequestForm, *, grantee_id: int) -> Mapping[str, Settled]:
        """Return what was chosen for the template's own flow, by group; nothing where the policy decides."""
        questions = self.flow_offers.questions(requester, form, grantee_id=grantee_id)
        if not questions:
            return {}
        db.session.rollback()
        return {
            key: self.flow_choices.settle(
                question,
                choices_of(form.choices, key, is_only=len(questions) == 1),
                group=key if len(questions) > 1 else "",
            )
            for key, question in questions.items()
        }

    def _submit_once(
        self,
        actor: Actor,
        asking: Asking,
        form: RequestForm,
        validity: Validity,
        settled: Mapping[str, Settled],
        *,
        is_fresh: bool,
    ) -> str:
        requester_id = asking.requester_id
        with transaction() as session:
            earlier = _number_of(session, requester_id=requester_id, submission_key=form.submission_key)
            if earlier is not None:
                return earlier
            plan = self._plan(session, asking, form, validity, settled, is_fresh=is_fresh)
            request, approvals = store_request(session, plan, public_url=self.public_url, at=self.clock.now())
            number = request.number
            record(
                session,
                actor,
                "request.submitted",
                at=self.clock.now(),
                subject=("access_request", number),
                after=_told(plan, approvals),
            )
        log.info("request.submitted", number=number)
        return number

    def _plan(
        self,
        session: Session,
        asking: Asking,
        form: RequestForm,
        validity: Validity,
        settled: Mapping[str, Settled],
        *,
        is_fresh: bool,
    ) -> RequestPlan:
        requester_id, grantee_id = asking.requester_id, asking.grantee_id
        # The lock lets two forms for one person wait for each other, so that neither overlooks the other's items.
        locked = {
            each.id: each
            for each in session.scalars(
                select(Person)
                .where(Person.id.in_({requester_id, grantee_id}))
                .order_by(Person.id)
                .with_for_update(key_share=True)
            )
        }
        requester, grantee = locked[requester_id], locked[grantee_id]
        channel = channel_for_new_requests(session)
        template = template_in_use(session) if channel == ChannelName.DINGTALK else None
        for item in form.items:
            check_entry(session, item.entitlement)
        department_id = department_of(requester, form.department_id, channel=channel)
        items = check_items(session, form.items, grantee=grantee, at=self.clock.now())
        groups = deciding_groups(
            session,
            read_candidates(session, at=self.clock.now(), channel=channel),
            [item.resource for item in items],
            requester_id=requester_id,
            grantee_id=grantee_id,
        )
        if not is_fresh and not all(self._is_known_freshly(group, form) for group in groups):
            raise _NotFresh
        if settled and set(settled) != {group.key for group in groups}:
            raise Problem(ProblemReason.FLOW_CHANGED)
        return RequestPlan(
            requester=requester,
            grantee=grantee,
            department_id=department_id,
            reason=form.reason_text,
            validity=validity,
            language=str(get_locale() or "en"),
            submission_key=form.submission_key,
            repeats_id=_own_request_id(session, requester_id, form.repeats),
            channel=channel,
            template=template,
            approvals=tuple(_approval(group, items, form, settled.get(group.key)) for group in groups),
        )

    def _is_known_freshly(self, group: DecidingGroup, form: RequestForm) -> bool:
        """Whether the directory was asked lately about whoever would decide; where nobody would, it is asked now."""
        asked = [group.who.default, group.who.of(form.approver_ids.get(group.key))]
        people = [each.person for each in asked if each is not None]
        return bool(people) and all(self.approvers.people.is_fresh(each) for each in people)


class _NotFresh(Exception):
    """It is not known freshly whether those who would decide are still there."""


def _approval(
    group: DecidingGroup, items: Sequence[CheckedItem], form: RequestForm, settled: Settled | None
) -> ApprovalPlan:
    return ApprovalPlan(
        items=tuple(items[place] for place in group.places),
        picked=_picked(group, form) if settled is None or settled.approver_id is None else None,
        settled=settled,
    )


def _picked(group: DecidingGroup, form: RequestForm) -> PossibleApprover:
    """Return the approver whom the requester picked, else the default; raises where that is nobody who can decide."""
    if group.who.default is None:
        raise Problem(ProblemReason.NOBODY_DECIDES)
    wanted_id = form.approver_ids.get(group.key)
    if wanted_id is None:
        if form.approver_ids and len(group.who.candidates) > 1:
            raise FieldFault("approver", "changed", group=group.key)
        return group.who.default
    picked = group.who.of(wanted_id)
    if picked is None:
        raise FieldFault("approver", "changed", group=group.key)
    return picked


def _number_of(session: Session, *, requester_id: int, submission_key: str) -> str | None:
    return session.scalar(
        select(AccessRequest.number).filter_by(requester_id=requester_id, submission_key=submission_key)
    )


def _own_request_id(session: Session, requester_id: int, number: str | None) -> int | None:
    if not number:
        return None
    return session.scalar(select(AccessRequest.id).filter_by(number=number, requester_id=requester_id))


def _told(plan: RequestPlan, approvals: Sequence[Approval]) -> dict[str, object]:
    """Return what the audit trail says of a request: its items by who decides."""
    told = [
        {
            "approver": approval.approver.name,
            "items": [
                {
                    "resource": item.resource.name,
                    "entitlement": item.level.value,
                    "columns": list(item.columns),
                }
                for item in planned.items
            ],
            **({"chosen": planned.settled.told} if planned.settled else {}),
        }
        for approval, planned in zip(approvals, plan.approvals, strict=True)
    ]
    return {
        "approvals": told,
        "channel": plan.channel.value,
        **({"on_behalf_of": plan.grantee.name} if plan.is_for_colleague else {}),
    }
