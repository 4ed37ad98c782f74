"""A further attempt at what could not be started: asked anew of the template and the approver of today."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.failures import OwnFailure
from portal.models import AccessRequest, Approval, ApprovalTemplate, RequestItem
from portal.rules.approval_state import ApprovalState
from portal.rules.entitlement import Entitlement
from portal.rules.validity import Validity
from portal.services.approval_rows import move
from portal.services.approver_choice import decide
from portal.services.faults import Problem, ProblemReason
from portal.services.form_values import reference, request_values
from portal.services.start_attempts import keep_current_attempt


def start_again(
    session: Session,
    request: AccessRequest,
    approval: Approval,
    *,
    template: ApprovalTemplate,
    status_page: str,
    at: datetime,
) -> None:
    """Promise another attempt, under a reference of its own, for a locked approval that could not start.

    What the remedies ask for counts: another template, other labels, another approver. Raises
    ``Problem(NOBODY_DECIDES)``.
    """
    item = session.scalars(select(RequestItem).filter_by(approval_id=approval.id)).one()
    chosen = decide(requester_id=request.requester_id, resource=item.resource)
    if chosen.approver is None or chosen.reason is None:
        raise Problem(ProblemReason.NOBODY_DECIDES)
    if (approval.failure or {}).get("kind") == OwnFailure.NOT_FOUND_AFTER_UNKNOWN:
        keep_current_attempt(approval)
    move(approval, ApprovalState.SUBMITTED)
    approval.failure, approval.retries = None, 0
    approval.starting_at, approval.due_at = None, at
    approval.template = template
    approval.approver, approval.approver_reason = chosen.approver, chosen.reason
    approval.submitted_values = request_values(
        template,
        number=reference(request.number, position=approval.position, attempt=approval.attempt + 1),
        resource=item.resource,
        entitlement=Entitlement(item.entitlement),
        validity=Validity(days=request.requested_duration_days, until=request.valid_until),
        reason=request.reason,
        status_page=status_page,
        today=at.date(),
    )
