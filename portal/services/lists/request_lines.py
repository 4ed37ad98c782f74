"""What an export says of requests: a line for each item, as values that are the same in every language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from portal.models import AccessRequest, Approval, Person, RequestItem, Resource

_Grantee, _Approver, _Decider = aliased(Person), aliased(Person), aliased(Person)

_LINES = (
    select(
        AccessRequest.number,
        AccessRequest.state,
        AccessRequest.submitted_at,
        AccessRequest.closed_at,
        Person.name,
        Person.user_id,
        _Grantee.name,
        Resource.resource_type,
        Resource.external_id,
        Resource.name,
        Resource.workspace,
        RequestItem.entitlement,
        Approval.channel,
        Approval.state,
        _Approver.name,
        _Decider.name,
        AccessRequest.requested_duration_days,
        AccessRequest.valid_until,
        AccessRequest.reason,
    )
    .join(Person, Person.id == AccessRequest.requester_id)
    .join(RequestItem, RequestItem.request_id == AccessRequest.id)
    .join(Resource, Resource.id == RequestItem.resource_id)
    .join(Approval, Approval.id == RequestItem.approval_id)
    .join(_Approver, _Approver.id == Approval.approver_id)
    .outerjoin(_Grantee, _Grantee.id == AccessRequest.on_behalf_of_id)
    .outerjoin(_Decider, _Decider.id == Approval.decided_by_id)
    .order_by(AccessRequest.id.desc(), RequestItem.id)
)


def request_lines(
    session: Session, ids: tuple[int, ...], *, workspaces: tuple[int, ...] | None
) -> Sequence[Sequence[Any]]:
    """Return the lines of these requests, newest first; items of ``workspaces`` only, None for all there are."""
    lines = _LINES.where(AccessRequest.id.in_(ids))
    if workspaces is not None:
        lines = lines.where(Resource.workspace_id.in_(workspaces))
    return [_plain(each) for each in session.execute(lines)]


def _plain(row: Sequence[Any]) -> list[Any]:
    return [each.isoformat(timespec="seconds") if hasattr(each, "hour") else each for each in row]
