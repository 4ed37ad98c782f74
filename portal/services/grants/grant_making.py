"""From an approval that counts to its grants: one an item, promised in the commit of the outcome."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.grants.grant_target import TargetName
from portal.models import AccessRequest, Approval, ApprovalSettings, Grant, RequestItem
from portal.rules.approval_state import DOES_NOT_COUNT, ApprovalState
from portal.rules.grant_end import ends_at, next_telling
from portal.rules.grant_state import GrantState
from portal.services.audit import PORTAL, record


def make_grants(session: Session, approval: Approval, *, at: datetime) -> None:
    """Create a due grant for each item of an approval that was just approved, inside that transaction.

    Nothing is made where the outcome does not count, or where the asked end has passed; called again it makes no
    second grant.
    """
    request = approval.request
    does_not_count = (approval.incident or {}).get("kind") in DOES_NOT_COUNT
    if request is None or approval.state != ApprovalState.APPROVED or does_not_count:
        return
    expires_at = ends_at(approved_at=at, days=request.requested_duration_days, until=request.valid_until)
    if expires_at is not None and expires_at <= at:
        _record_too_late(session, approval, expires_at=expires_at, at=at)
        return
    session.flush()
    for item in _items_without_grant(session, approval):
        _make(session, request, item, expires_at=expires_at, at=at)


def _make(
    session: Session, request: AccessRequest, item: RequestItem, *, expires_at: datetime | None, at: datetime
) -> None:
    grant = Grant(
        item_id=item.id,
        request_id=request.id,
        person_id=request.grantee_id,
        resource_id=item.resource_id,
        entitlement=item.entitlement,
        columns=item.columns,
        target=item.resource.target or _usual_target(session),
        state=GrantState.DUE,
        approved_at=at,
        expires_at=expires_at,
        due_at=at,
        notice_at=next_telling(approved_at=at, expires_at=expires_at, after=at),
        renews_id=_renewed(session, request, item),
    )
    session.add(grant)
    session.flush()
    record(
        session,
        PORTAL,
        "grant.made",
        at=at,
        subject=("grant", grant.id),
        after={
            "request": request.number,
            "resource_id": grant.resource_id,
            "person_id": grant.person_id,
            "entitlement": grant.entitlement,
            "expires_at": expires_at.isoformat() if expires_at else None,
            "target": grant.target,
        },
    )


def _items_without_grant(session: Session, approval: Approval) -> list[RequestItem]:
    made = select(Grant.item_id).where(Grant.item_id == RequestItem.id)
    items = select(RequestItem).where(RequestItem.approval_id == approval.id, ~made.exists())
    return list(session.scalars(items.order_by(RequestItem.id)))


def _renewed(session: Session, request: AccessRequest, item: RequestItem) -> int | None:
    """Return the grant that this one prolongs: a form may name any, so person and resource have to be the same."""
    earlier = session.get(Grant, item.renews_grant_id) if item.renews_grant_id is not None else None
    if earlier is None:
        return None
    is_same = (earlier.person_id, earlier.resource_id) == (request.grantee_id, item.resource_id)
    return earlier.id if is_same else None


def _usual_target(session: Session) -> str:
    return session.scalar(select(ApprovalSettings.grant_target)) or TargetName.MANUAL.value


def _record_too_late(session: Session, approval: Approval, *, expires_at: datetime, at: datetime) -> None:
    record(
        session,
        PORTAL,
        "grant.not_made",
        at=at,
        subject=("approval", approval.number),
        after={"reason": "approved_after_its_end", "end": expires_at.isoformat()},
    )
