"""An approval's row: locked, moved along its state machine, and read out as plain values for a call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import StartOrder
from portal.extensions import db
from portal.models import AccessRequest, Approval
from portal.rules.approval_state import ApprovalState, check_step, is_final, sum_up
from portal.rules.approver_selection import Chosen
from portal.services.templates.template_flow import accepted_bypass, confirmed_nodes


def order_of(approval: Approval) -> StartOrder:
    """Return everything a start needs as plain values, usable after the transaction has ended."""
    return StartOrder(
        process_code=approval.template.process_code,
        requester_user_id=approval.requester.user_id or "",
        department_id=approval.department_id,
        approver_user_id=approval.approver.user_id or "",
        values=dict(approval.submitted_values or {}),
        choices=_choices(approval),
        acknowledged=accepted_bypass(approval.template),
        known=confirmed_nodes(approval.template),
    )


def _choices(approval: Approval) -> tuple[Chosen, ...] | None:
    if approval.chosen_approvers is None:
        return None
    return tuple(Chosen.from_json(each) for each in approval.chosen_approvers)


def locked(session: Session, approval_id: int) -> Approval:
    """Return an approval, kept from others until the transaction ends."""
    return session.scalars(
        select(Approval).where(Approval.id == approval_id).with_for_update(of=Approval)
    ).one()


def move(approval: Approval, state: ApprovalState) -> None:
    """Change the state along the state machine; raises ``IllegalStep``. What is over waits for no day any more."""
    check_step(approval.state, state)
    approval.state = state
    if is_final(state):
        approval.escalates_at = approval.lapses_at = None


def sum_up_request(request: AccessRequest | None, *, at: datetime) -> None:
    """Let a request say what its approvals have come to, closed once nothing is open; a trial has no request."""
    if request is None:
        return
    session = db.session()
    # Two approvals of one request may end at the same moment: whoever comes second must see both.
    hold_request(session, request)
    request.state = sum_up(session.scalars(select(Approval.state).filter_by(request_id=request.id)))
    if is_final(request.state) and request.closed_at is None:
        request.closed_at = at


def hold_request(session: Session, request: AccessRequest) -> None:
    """Keep a request from others until the transaction ends; taken after its approvals, as everywhere."""
    session.flush()
    session.refresh(request, ["state", "closed_at"], with_for_update={"of": AccessRequest})
