"""Takes a grant in hand: what its target has to do next, as plain values, and a lease that keeps others away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.grants.grant_target import GrantOrder, OtherGrant
from portal.models import AccessRequest, Grant, GrantDelivery
from portal.rules.grant_state import GrantState, has_ended
from portal.services.audit import PORTAL, record
from portal.services.grants.grant_rows import Locked, begin_end, locked_grant, move_grant

# Longer than the calls of one delivery take together.
CALL_LEASE = timedelta(seconds=120)


class Action(StrEnum):
    """What a target is asked for."""

    DELIVER = "deliver"
    REMOVE = "remove"
    CHECK = "check"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One piece of work on one grant; it is ours as long as the row says ``leased_until``."""

    grant_id: int
    target: str
    action: Action
    order: GrantOrder
    leased_until: datetime


def claim(session: Session, grant_id: int, *, now: datetime) -> Claim | None:
    """Take what is due for a grant; None where nothing is, or where somebody is at work on the same access.

    A grant that was never begun ends here at once, whatever its target is: nobody has anything of it.
    """
    found = locked_grant(session, grant_id)
    if found is None or found.grant.due_at is None:
        return None
    grant = found.grant
    if (busy_until := _busy_until(found, now)) is not None:
        grant.due_at = busy_until
        return None
    if grant.ending is None and grant.expires_at is not None and grant.expires_at <= now:
        begin_end(grant, GrantState.EXPIRED, at=now)
    if grant.ending is not None and grant.leased_until is None:
        end_without_delivery(session, grant, at=now)
        return None
    is_to_be_removed = grant.ending is not None or has_ended(grant.state)
    action = Action.REMOVE if is_to_be_removed else Action.DELIVER
    taken = _take(session, found, action, now=now)
    grant.due_at = taken.leased_until
    return taken


def claim_check(session: Session, grant_id: int, *, now: datetime) -> Claim | None:
    """Take a grant in hand to compare it with its target; None where somebody is at work on the same access."""
    found = locked_grant(session, grant_id)
    if found is None or found.grant.leased_until is None or _busy_until(found, now) is not None:
        return None
    return _take(session, found, Action.CHECK, now=now)


def end_without_delivery(session: Session, grant: Grant, *, at: datetime) -> None:
    """End a grant whose target was never asked for anything."""
    before = grant.state
    move_grant(grant, GrantState(grant.ending or GrantState.EXPIRED))
    grant.ended_at, grant.due_at, grant.check_at, grant.failure = at, None, None, None
    record(
        session,
        PORTAL,
        "grant.ended",
        at=at,
        subject=("grant", grant.id),
        before={"state": before},
        after={"state": grant.state, "was_delivered": False},
    )


def delivery_id(session: Session, grant: Grant, action: Action) -> str:
    """The same for each try until one is done; a restored database gives a grant's id again, but not its moment."""
    done = session.scalar(
        select(func.count()).where(
            GrantDelivery.grant_id == grant.id,
            GrantDelivery.action == action.value,
            GrantDelivery.is_done,
        )
    )
    return f"{grant.id}-{int(grant.approved_at.timestamp() * 1000)}-{action}-{(done or 0) + 1}"


def _take(session: Session, found: Locked, action: Action, *, now: datetime) -> Claim:
    grant = found.grant
    # Read first: whatever is changed before a query would be written twice.
    order = _order(session, found, action, is_first_try=grant.leased_until is None, now=now)
    grant.leased_until = now + CALL_LEASE
    return Claim(
        grant_id=grant.id,
        target=grant.target,
        action=action,
        order=order,
        leased_until=grant.leased_until,
    )


def _busy_until(found: Locked, now: datetime) -> datetime | None:
    leases = [each.leased_until for each in (found.grant, *found.others) if each.leased_until]
    return max((until for until in leases if until > now), default=None)


def _order(
    session: Session, found: Locked, action: Action, *, is_first_try: bool, now: datetime
) -> GrantOrder:
    grant, resource = found.grant, found.grant.resource
    return GrantOrder(
        grant_id=grant.id,
        delivery_id=delivery_id(session, grant, action),
        request_number=_number_of(session, grant),
        person_user_id=grant.person.user_id or "",
        person_union_id=grant.person.union_id or "",
        person_name=grant.person.name,
        resource_type=resource.resource_type,
        resource_id=resource.external_id,
        resource_name=resource.name,
        workspace_id=(resource.home.external_id or "") if resource.home else "",
        link=resource.link,
        entitlement=grant.entitlement,
        columns=tuple(grant.columns or ()),
        approved_at=grant.approved_at,
        expires_at=grant.expires_at,
        others=tuple(
            OtherGrant(
                entitlement=each.entitlement,
                columns=tuple(each.columns or ()),
                expires_at=each.expires_at,
            )
            for each in found.in_effect(now)
        ),
        known=dict(grant.delivery or {}),
        is_first_try=is_first_try,
    )


def _number_of(session: Session, grant: Grant) -> str:
    """Read the number alone: with the request come its approvals, for each of a hundred thousand grants."""
    return session.scalars(select(AccessRequest.number).filter_by(id=grant.request_id)).one()
