"""The approval in place of one that nobody decided: the same items, somebody else, an instance of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.models import AccessRequest, Approval
from portal.rules.approval_state import ApprovalState
from portal.services.decisions.begin import begin
from portal.services.pending.deadlines import set_deadlines
from portal.services.pending.next_approvers import NextApprover
from portal.services.request_address import address_in_form
from portal.services.starting.start_again import try_to_start_again


def replace_approval(
    session: Session,
    request: AccessRequest,
    earlier: Approval,
    following: NextApprover,
    *,
    position: int,
    lapses_at: datetime | None,
    public_url: str,
    at: datetime,
) -> Approval:
    """Write the new approval with the promise of its start, in the caller's commit.

    ``lapses_at`` is when ``earlier`` would have lapsed: asking somebody else does not begin the time anew.
    """
    approval = Approval(
        request=request,
        position=position,
        channel=earlier.channel,
        template=earlier.template,
        state=ApprovalState.SUBMITTED,
        replaces_id=earlier.id,
        due_at=at,
    )
    with session.no_autoflush:  # the row is not whole until its approver stands on it
        session.add(approval)
        _ask(approval, following)
    session.flush()
    for item in following.items:
        item.approval_id = approval.id
    session.flush()
    set_deadlines(session, approval, at=at)
    approval.lapses_at = lapses_at
    if approval.channel == ChannelName.IN_PLATFORM:
        begin(session, approval, at=at)
        return approval
    approval.state = ApprovalState.COULD_NOT_START  # where every further start begins
    session.flush()
    problem = try_to_start_again(
        session,
        request,
        approval,
        template=earlier.template,
        status_page=address_in_form(public_url, request.number),
        at=at,
    )
    if problem is None:
        _ask(approval, following)
    else:
        # Nobody can decide by the policy of now: the requester sees so, and what helps, on trying again.
        approval.due_at = None
    session.flush()
    return approval


def _ask(approval: Approval, following: NextApprover) -> None:
    approval.approver, approval.stands_in_for = following.person, following.stands_in_for
    approval.approver_kind, approval.approver_reason = following.kind, following.reason
