"""The rows of a request: itself, an approval for each group of items, the items; with the promise to start them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.models import AccessRequest, Approval, ApprovalTemplate, Person, RequestItem
from portal.models.access_request import Acceptance
from portal.rules.approval_state import ApprovalState
from portal.rules.request_number import request_number
from portal.rules.validity import Validity
from portal.services.approval_rows import sum_up_request
from portal.services.decisions.begin import begin
from portal.services.notices.about_pending import promise_asked_for_you
from portal.services.pending.deadlines import set_deadlines
from portal.services.request_address import address_in_form
from portal.services.requests.approver_choice import PossibleApprover
from portal.services.requests.choice_keeping import keep_approver, keep_choice
from portal.services.requests.flow_choices import Settled
from portal.services.requests.form_items import form_item
from portal.services.requests.item_checks import CheckedItem
from portal.services.templates.form_values import reference, request_values


@dataclass(frozen=True, kw_only=True)
class ApprovalPlan:
    """One approval to be: its items, who decides by the policy, or whom the requester chose for the flow."""

    items: tuple[CheckedItem, ...]
    picked: PossibleApprover | None
    settled: Settled | None


@dataclass(frozen=True, kw_only=True)
class RequestPlan:
    """A request to be. ``template`` belongs to the DingTalk channel; ``grantee`` gets the access."""

    requester: Person
    grantee: Person
    department_id: int
    reason: str
    validity: Validity
    language: str
    submission_key: str
    repeats_id: int | None
    channel: ChannelName
    template: ApprovalTemplate | None
    approvals: tuple[ApprovalPlan, ...]

    @property
    def is_for_colleague(self) -> bool:
        """Whether somebody else gets the access, who has to agree first."""
        return self.grantee.id != self.requester.id


def store_request(
    session: Session, plan: RequestPlan, *, public_url: str, at: datetime
) -> tuple[AccessRequest, list[Approval]]:
    """Write all rows of a request in the caller's commit; returns it with its approvals, in the plan's order.

    Its approvals are promised at once; those of a request on behalf of a colleague once they have agreed.
    """
    waits = plan.is_for_colleague
    request = AccessRequest(
        number=secrets.token_hex(12),  # replaced below, once the row has its id
        requester_id=plan.requester.id,
        department_id=plan.department_id,
        reason=plan.reason,
        requested_duration_days=plan.validity.days,
        valid_until=plan.validity.until,
        language=plan.language,
        state=ApprovalState.AWAITING_ACCEPTANCE if waits else ApprovalState.SUBMITTED,
        submission_key=plan.submission_key,
        submitted_at=at,
        on_behalf_of_id=plan.grantee.id if waits else None,
        acceptance=Acceptance.ASKED if waits else None,
        repeats_id=plan.repeats_id,
    )
    session.add(request)
    session.flush()
    request.number = request_number(request.id, year=at.year)
    approvals = []
    for position, each in enumerate(plan.approvals, start=1):
        approval = _store_approval(
            session, request, plan, each, position=position, public_url=public_url, at=at
        )
        _store_items(session, request, approval, each.items)
        approvals.append(approval)
    if waits:
        promise_asked_for_you(session, request, at=at)
    elif plan.channel == ChannelName.IN_PLATFORM:
        for approval in approvals:
            begin(session, approval, at=at)
        sum_up_request(request, at=at)
    return request, approvals


def _store_approval(
    session: Session,
    request: AccessRequest,
    plan: RequestPlan,
    each: ApprovalPlan,
    *,
    position: int,
    public_url: str,
    at: datetime,
) -> Approval:
    approval = Approval(
        request=request,
        position=position,
        channel=plan.channel,
        state=request.state,
        due_at=None if plan.is_for_colleague or plan.template is None else at,
    )
    resources = [item.resource for item in each.items]
    with session.no_autoflush:  # the row is not whole until its approver stands on it
        session.add(approval)
        if plan.template is None:
            keep_approver(approval, _needed(each.picked))
        else:
            approval.template = plan.template
            approval.submitted_values = _values(request, plan.template, plan, each, position, public_url, at)
            keep_choice(
                session,
                approval,
                plan.template,
                resources=resources,
                settled=each.settled,
                at=at,
                picked=each.picked,
            )
    set_deadlines(session, approval, at=at)
    session.flush()
    return approval


def _values(
    request: AccessRequest,
    template: ApprovalTemplate,
    plan: RequestPlan,
    each: ApprovalPlan,
    position: int,
    public_url: str,
    at: datetime,
) -> dict[str, str]:
    return request_values(
        template,
        number=reference(request.number, position=position, attempt=1),
        items=[form_item(item.resource, item.level, item.columns) for item in each.items],
        validity=plan.validity,
        reason=plan.reason,
        status_page=address_in_form(public_url, request.number),
        today=at.date(),
        on_behalf_of=plan.grantee.name if plan.is_for_colleague else "",
    )


def _store_items(
    session: Session, request: AccessRequest, approval: Approval, items: Sequence[CheckedItem]
) -> None:
    for item in items:
        session.add(
            RequestItem(
                request=request,
                approval_id=approval.id,
                resource=item.resource,
                entitlement=item.level,
                columns=list(item.columns) or None,
                confirmed=item.confirmed,
                renews_grant_id=item.renews_grant_id,
            )
        )


def _needed(picked: PossibleApprover | None) -> PossibleApprover:
    if picked is None:
        raise ValueError("an approval of the in-platform channel is planned with its approver")
    return picked
