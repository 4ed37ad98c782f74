"""What somebody already has or has already been asked for, so that nobody asks twice without knowing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Integer, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from portal.models import AccessRequest, Approval, Grant, RequestItem
from portal.rules.approval_state import FINAL
from portal.rules.entitlement import includes
from portal.rules.grant_state import ENDS

# Who has asked for more than this since is not looked after further back: a form must stay fast.
NEWEST_REQUESTS = 300


@dataclass(frozen=True, kw_only=True)
class HeldAccess:
    """Access in effect. ``expires_at`` is empty where it has no end; ``columns`` are those of ``unmask``."""

    grant_id: int
    resource_id: int
    level: str
    expires_at: datetime | None
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PendingAccess:
    """Access asked for in the request of this number, and not decided yet."""

    number: str
    requester_id: int
    resource_id: int
    level: str
    columns: tuple[str, ...]


def held_access(
    session: Session, *, person_id: int, resource_ids: Collection[int], at: datetime
) -> tuple[HeldAccess, ...]:
    """Return what a person has of these resources, what lasts longest first."""
    wanted = {"person_id": person_id, "resource_ids": list(resource_ids), "at": at}
    rows = session.execute(_held(), wanted).all()
    endless = [row for row in rows if row.expires_at is None]
    ending = sorted((row for row in rows if row.expires_at is not None), key=lambda row: row.expires_at)
    return tuple(
        HeldAccess(
            grant_id=row.id,
            resource_id=row.resource_id,
            level=row.entitlement,
            expires_at=row.expires_at,
            columns=tuple(row.columns or ()),
        )
        for row in (*endless, *reversed(ending))
    )


def pending_access(
    session: Session, *, person_id: int, resource_ids: Collection[int]
) -> tuple[PendingAccess, ...]:
    """Return what is asked for a person of these resources and waits for a decision, the newest first."""
    return tuple(
        PendingAccess(
            number=row.number,
            requester_id=row.requester_id,
            resource_id=row.resource_id,
            level=row.entitlement,
            columns=tuple(row.columns or ()),
        )
        for row in session.execute(_pending(), {"person_id": person_id, "resource_ids": list(resource_ids)})
    )


def covers(
    known: HeldAccess | PendingAccess, *, resource_id: int, level: str, columns: Collection[str]
) -> bool:
    """Whether ``known`` brings this level of this resource, and all of these columns, already."""
    if known.resource_id != resource_id or not includes(known.level, level):
        return False
    return set(columns) <= set(known.columns)


@cache
def _held() -> Select[tuple[int, int, str, datetime | None, list[str] | None]]:
    """Built once, as is ``_pending``: putting a statement together takes longer than answering it."""
    return select(Grant.id, Grant.resource_id, Grant.entitlement, Grant.expires_at, Grant.columns).where(
        Grant.person_id == bindparam("person_id"),
        Grant.resource_id.in_(bindparam("resource_ids", expanding=True)),
        Grant.state.not_in(ENDS),
        Grant.ending.is_(None),
        or_(Grant.expires_at.is_(None), Grant.expires_at > bindparam("at")),
    )


@cache
def _pending() -> Select[tuple[str, int, int, str, list[str] | None]]:
    person_id = bindparam("person_id", type_=Integer)
    newest = (
        select(column)
        .where(column == person_id)
        .with_only_columns(AccessRequest.id)
        .order_by(AccessRequest.id.desc())
        .limit(NEWEST_REQUESTS)
        for column in (AccessRequest.requester_id, AccessRequest.on_behalf_of_id)
    )
    return (
        select(
            AccessRequest.number,
            AccessRequest.requester_id,
            RequestItem.resource_id,
            RequestItem.entitlement,
            RequestItem.columns,
        )
        .join(RequestItem, RequestItem.request_id == AccessRequest.id)
        .join(Approval, Approval.id == RequestItem.approval_id)
        .where(
            or_(*(AccessRequest.id.in_(each) for each in newest)),
            AccessRequest.closed_at.is_(None),
            or_(AccessRequest.on_behalf_of_id == person_id, AccessRequest.on_behalf_of_id.is_(None)),
            RequestItem.resource_id.in_(bindparam("resource_ids", expanding=True)),
            Approval.state.not_in(FINAL),
        )
        .order_by(AccessRequest.id.desc())
    )
