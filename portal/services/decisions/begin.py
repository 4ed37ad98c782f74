"""An approval of the in-platform channel begins: nothing has to be started, so it waits for its decision at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.models import Approval, ApprovalDecider
from portal.models.approval import DeciderState
from portal.rules.approval_state import ApprovalState
from portal.services.approval_rows import move
from portal.services.decisions.decider_key import decider_key
from portal.services.notices.about_decisions import promise_to_decide


def begin(session: Session, approval: Approval, *, at: datetime) -> None:
    """Let the approval wait for its approver, in the caller's commit; its approver stands on the row."""
    move(approval, ApprovalState.PENDING)
    approval.started_at, approval.due_at = at, None
    session.add(approval)
    ask_approver(session, approval, at=at)
    session.flush()


def ask_approver(session: Session, approval: Approval, *, at: datetime) -> None:
    """Let the approver of the row be the one who is waited for, and promise to tell them."""
    approver, key = approval.approver, decider_key(approval.approver.id)
    row = next((each for each in approval.deciders if each.user_id == key), None)
    if row is None:
        position = max((each.position for each in approval.deciders), default=0) + 1
        row = ApprovalDecider(user_id=key, position=position)
        approval.deciders.append(row)
    row.person_name, row.state = approver.name[:128], DeciderState.WAITING
    promise_to_decide(session, approval, at=at)
