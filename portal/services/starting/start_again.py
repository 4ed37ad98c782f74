"""A further attempt at what was not started: asked anew of the template and the approver of today."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.channels.failures import OwnFailure
from portal.models import AccessRequest, Approval, ApprovalTemplate
from portal.rules.approval_state import ApprovalState
from portal.rules.validity import Validity
from portal.services.approval_rows import move
from portal.services.faults import Problem
from portal.services.requests.choice_keeping import keep_choice
from portal.services.requests.flow_choices import Settled
from portal.services.requests.form_items import colleague_in_form, form_items, items_of
from portal.services.starting.start_attempts import keep_current_attempt
from portal.services.templates.form_values import reference, request_values


def start_again(
    session: Session,
    request: AccessRequest,
    approval: Approval,
    *,
    template: ApprovalTemplate,
    status_page: str,
    at: datetime,
    settled: Settled | None = None,
) -> None:
    """Promise another attempt for a locked approval of which nothing runs; a lost one gets another reference.

    What the remedies ask for counts: another template, other labels, another approver. Who was chosen for the
    template's own flow stays chosen, unless ``settled`` says who is now. Raises ``Problem`` where nobody decides.
    """
    items = items_of(session, approval)
    resources = [each.resource for each in items]
    keep_choice(session, approval, template, resources=resources, settled=settled, at=at)
    if (approval.failure or {}).get("kind") == OwnFailure.NOT_FOUND_AFTER_UNKNOWN:
        keep_current_attempt(approval)
    move(approval, ApprovalState.SUBMITTED)
    approval.failure, approval.retries = None, 0
    approval.starting_at, approval.due_at = None, at
    approval.template = template
    approval.submitted_values = request_values(
        template,
        number=reference(request.number, position=approval.position, attempt=approval.attempt + 1),
        items=form_items(items),
        validity=Validity(days=request.requested_duration_days, until=request.valid_until),
        reason=request.reason,
        status_page=status_page,
        today=at.date(),
        on_behalf_of=colleague_in_form(request),
    )


def try_to_start_again(
    session: Session,
    request: AccessRequest,
    approval: Approval,
    *,
    template: ApprovalTemplate,
    status_page: str,
    at: datetime,
) -> Problem | None:
    """Promise another attempt, or change nothing and return what stands in the way."""
    try:
        with session.begin_nested():
            start_again(session, request, approval, template=template, status_page=status_page, at=at)
    except Problem as problem:
        return problem
    return None
