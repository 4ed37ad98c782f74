"""Takes a grant in hand: what its target has to do next, as plain values, and a lease that keeps others away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.grants.grant_target import GrantOrder
from portal.models import Grant
from portal.rules.grant_state import GrantState, has_ended
from portal.services.audit import PORTAL, record
from portal.services.grants.grant_orders import Action, OrderFacts, facts_of_orders, order_of
from portal.services.grants.grant_rows import Locked, begin_end, locked_grant, locked_grants, move_grant

# Longer than the calls of one delivery take together, and the wait for its turn in the lot.
CALL_LEASE = timedelta(seconds=120)
# A target that is slow is asked for no more of a lot after this: what is begun then has the rest of the lease.
TURN_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One piece of work on one grant; it is ours as long as the row says ``leased_until``."""

    grant_id: int
    target: str
    action: Action
    order: GrantOrder
    leased_until: datetime

    def may_begin(self, now: datetime) -> bool:
        """Whether enough of the lease is left for the calls of the delivery."""
        return now <= self.leased_until - CALL_LEASE + TURN_WITHIN


def claim_lot(session: Session, ids: Collection[int], *, now: datetime) -> list[Claim]:
    """Take what is due for several grants; none for those where nothing is, or where the same access is worked on.

    Two of one access are not taken together: the second waits for the lease of the first. A grant that was never
    begun ends here at once, whatever its target is: nobody has anything of it.
    """
    locked = locked_grants(session, ids)
    # Read first: whatever is changed before a query would be written twice.
    facts = facts_of_orders(session, list(locked))
    taken = [_claim(session, found, facts[grant_id], now=now) for grant_id, found in locked.items()]
    return [each for each in taken if each is not None]


def claim_check(session: Session, grant_id: int, *, now: datetime) -> Claim | None:
    """Take a grant in hand to compare it with its target; None where somebody is at work on the same access."""
    found = locked_grant(session, grant_id)
    if found is None or found.grant.leased_until is None or _busy_until(found, now) is not None:
        return None
    facts = facts_of_orders(session, [grant_id])[grant_id]
    return _take(found, facts, Action.CHECK, now=now)


def _claim(session: Session, found: Locked, facts: OrderFacts, *, now: datetime) -> Claim | None:
    grant = found.grant
    if grant.due_at is None:
        return None
    if (busy_until := _busy_until(found, now)) is not None:
        grant.due_at = busy_until
        return None
    if grant.ending is None and grant.expires_at is not None and grant.expires_at <= now:
        begin_end(grant, GrantState.EXPIRED, at=now)
    if grant.ending is not None and grant.leased_until is None:
        end_without_delivery(session, grant, at=now)
        return None
    is_to_be_removed = grant.ending is not None or has_ended(grant.state)
    taken = _take(found, facts, Action.REMOVE if is_to_be_removed else Action.DELIVER, now=now)
    grant.due_at = taken.leased_until
    return taken


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


def _take(found: Locked, facts: OrderFacts, action: Action, *, now: datetime) -> Claim:
    grant = found.grant
    order = order_of(found, facts, action, now=now)
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
