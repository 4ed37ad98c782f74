"""One thing asked for, as a history tells it: who decided, and from when to when there was access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.models import RequestItem
from portal.rules.approval_state import ApprovalState, is_final
from portal.web.words.grants import grant_badge
from portal.web.words.states import state_badge


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    """Empty names and times are not known or have not come."""

    item: RequestItem
    badge: tuple[str, str]
    person_name: str
    decided_by: str
    decided_at: datetime | None
    grant_badge: tuple[str, str] | None
    ended_by: str


def history_line(item: RequestItem) -> HistoryLine:
    """Return how one item reads."""
    approval, grant = item.approval, item.grant
    is_decided = approval.state in (ApprovalState.APPROVED, ApprovalState.REJECTED)
    decider = approval.decided_by or approval.approver
    return HistoryLine(
        item=item,
        badge=state_badge(approval.state),
        person_name=item.request.grantee.name,
        decided_by=decider.name if is_decided else "",
        decided_at=approval.closed_at if is_final(approval.state) else None,
        grant_badge=grant_badge(grant) if grant else None,
        ended_by=grant.ended_by.name if grant and grant.ended_by else "",
    )
