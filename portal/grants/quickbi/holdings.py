"""Whose a holding is, and what has to stay when ours goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from portal.grants.grant_target import GrantOrder
from portal.grants.quickbi.levels import EDIT, Held, Wanted, wanted_of
from portal.grants.quickbi.options import OPEN_LEVELS, QuickBIOptions
from portal.rules.entitlement import Entitlement

# Quick BI tells when an authorisation was made to the second, and by its own clock.
CLOCKS_DIFFER = timedelta(minutes=2)


def is_ours(held: Held, order: GrantOrder, options: QuickBIOptions) -> bool:
    """Whether one of our grants made this.

    A kill between Quick BI's answer and our commit leaves no word of what was given. So what came after the
    approval, what ends at the very moment we ask for, and what is found when this is not the first try counts as
    ours: it is better to end access that somebody gave by hand meanwhile than to leave what was never approved.
    """
    if not held.is_direct:
        return False
    if order.known.get("is_ours") is True:
        return True
    if held.given_at is not None:
        return held.given_at >= order.approved_at - CLOCKS_DIFFER or _is_from_others(held, order, options)
    if held.ends_at is not None and _is_same_moment(held.ends_at, order.expires_at):
        return True
    if _is_from_others(held, order, options):
        return True
    return "is_ours" not in order.known and not order.is_first_try


def best_of_others(order: GrantOrder, options: QuickBIOptions, *, now: datetime) -> Wanted | None:
    """What the person's other grants of ours give by the same way: the highest level, then the latest end."""
    found = [each for each in _others(order, options) if each.ends_at is None or each.ends_at > now]
    return max(found, key=lambda each: (each.points, each.end), default=None)


def held_before(order: GrantOrder, *, now: datetime) -> Wanted | None:
    """What the person held before this grant gave more, and would still hold without it."""
    kept: dict[str, Any] | None = order.known.get("before")
    if not kept:
        return None
    ends_at = datetime.fromisoformat(kept["ends_at"]) if kept["ends_at"] else None
    return None if ends_at is not None and ends_at <= now else Wanted(points=kept["points"], ends_at=ends_at)


def to_keep(held: Sequence[Held], order: GrantOrder, options: QuickBIOptions) -> dict[str, Any] | None:
    """What somebody else gave this person directly, as it is kept with the grant; None without any."""
    # Some menus of a data portal count nothing: giving that again would give others.
    theirs = [each for each in held if each.is_direct and each.points and not is_ours(each, order, options)]
    best = max(theirs, key=lambda each: each.points or 0, default=None)
    if best is None:
        return None
    return {"points": best.points, "ends_at": best.ends_at.isoformat() if best.ends_at else None}


def _others(order: GrantOrder, options: QuickBIOptions) -> Iterator[Wanted]:
    """Other grants that Quick BI keeps in the same place; what was given by hand because of no call is in none."""
    is_unmask = order.entitlement == Entitlement.UNMASK
    for each in order.others:
        is_settled = each.entitlement not in OPEN_LEVELS or options.points_of(each.entitlement) is not None
        if is_settled and (each.entitlement == Entitlement.UNMASK) == is_unmask:
            yield wanted_of(each.entitlement, ends_at=each.expires_at, options=options)


def _is_from_others(held: Held, order: GrantOrder, options: QuickBIOptions) -> bool:
    for wanted in _others(order, options):
        if held.points is not None and held.points != wanted.points:
            continue
        if wanted.points == EDIT or held.ends_at is None or _is_near(held.ends_at, wanted.end):
            return True
    return False


def _is_same_moment(one: datetime, other: datetime | None) -> bool:
    return other is not None and abs(one - other) < timedelta(seconds=1)


def _is_near(one: datetime, other: datetime) -> bool:
    # An authorisation ends with a day, at most two days after the moment that was approved.
    return timedelta() <= one - other + timedelta(seconds=1) <= timedelta(days=2)
