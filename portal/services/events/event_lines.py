"""What the log says of events that were sorted: which approval each is about, by the number that people know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import func, select

from portal.extensions import db
from portal.models import AccessRequest, Approval, CallbackEvent, Trial
from portal.models.callback_event import EventState

log = structlog.get_logger(__name__)


EventLine = dict[str, Any]


def lines_about(events: Sequence[CallbackEvent]) -> list[EventLine]:
    """Return a line for each event that is not merely to be tried again, as plain values for after the commit."""
    return [
        {
            "event": f"event.{event.state}",
            "event_id": event.id,
            "event_type": event.event_type,
            "kind": event.kind,
            "instance_id": event.instance_id,
            "reason": event.reason,
            "approval": event.approval_id,
        }
        for event in events
        if event.state != EventState.RECEIVED
    ]


def tell(lines: Sequence[EventLine]) -> None:
    """Log the lines, after the commit: not while others wait to write, and nothing that did not happen."""
    numbers = _numbers({line["approval"] for line in lines} - {None})
    for line in lines:
        say = log.warning if line["event"] == f"event.{EventState.PARKED}" else log.info
        say(**line, number=numbers.get(line["approval"]))


def _numbers(approval_ids: set[int | None]) -> dict[int | None, str]:
    if not approval_ids:
        return {}
    numbered = (
        select(Approval.id, func.coalesce(AccessRequest.number, Trial.number))
        .outerjoin(AccessRequest, Approval.request_id == AccessRequest.id)
        .outerjoin(Trial, Approval.trial_id == Trial.id)
        .where(Approval.id.in_(approval_ids))
    )
    found: dict[int | None, str] = dict(db.session.execute(numbered).tuples().all())
    db.session.rollback()
    return found
