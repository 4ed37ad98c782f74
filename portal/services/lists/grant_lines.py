"""What an export says of grants: a line for each, as values that are the same in every language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from portal.models import AccessRequest, Grant, Person, Resource

_EndedBy = aliased(Person)

_LINES = (
    select(
        Grant.id,
        AccessRequest.number,
        Grant.state,
        Person.name,
        Person.user_id,
        Resource.resource_type,
        Resource.external_id,
        Resource.name,
        Resource.workspace,
        Grant.entitlement,
        Grant.target,
        Grant.approved_at,
        Grant.active_at,
        Grant.expires_at,
        Grant.ended_at,
        _EndedBy.name,
        Grant.end_reason,
    )
    .join(AccessRequest, AccessRequest.id == Grant.request_id)
    .join(Person, Person.id == Grant.person_id)
    .join(Resource, Resource.id == Grant.resource_id)
    .outerjoin(_EndedBy, _EndedBy.id == Grant.ended_by_id)
    .order_by(Grant.id.desc())
)


def grant_lines(session: Session, ids: tuple[int, ...]) -> Sequence[Sequence[Any]]:
    """Return the lines of these grants, newest first."""
    return [
        [each.isoformat(timespec="seconds") if hasattr(each, "hour") else each for each in row]
        for row in session.execute(_LINES.where(Grant.id.in_(ids)))
    ]
