"""When access ends, and when its person has to be told that it is about to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from portal.rules.organisation_day import CHINA

# Days before its end at which the person is told; a grant that is shorter is not announced.
TOLD_DAYS_BEFORE = (7, 1)
# Nights are quiet: from this hour on, spread over a while.
CHECKED_FROM = time(2)
CHECKED_WITHIN_SECONDS = 3 * 3600


def ends_at(*, approved_at: datetime, days: int | None, until: date | None) -> datetime | None:
    """Return the end of access: ``days`` after the approval, or the end of the day ``until``; None without either."""
    if days is not None:
        return approved_at + timedelta(days=days)
    if until is None:
        return None
    return datetime.combine(until + timedelta(days=1), time(), tzinfo=CHINA)


def next_telling(*, approved_at: datetime, expires_at: datetime | None, after: datetime) -> datetime | None:
    """Return when the end has to be announced next, later than ``after``; None where it never has."""
    return min((at for at in _tellings(approved_at, expires_at) if at > after), default=None)


def days_told(*, approved_at: datetime, expires_at: datetime | None, now: datetime) -> int | None:
    """Return how many days before its end the announcement that is due ``now`` says; None where none is due."""
    if expires_at is None or now >= expires_at:
        return None
    due = [at for at in _tellings(approved_at, expires_at) if at <= now]
    return (expires_at - max(due)).days if due else None


def next_check(now: datetime, *, spread: int) -> datetime:
    """Return when a grant is compared with its target next: in the coming night, not all of them at once.

    ``spread`` is any number of the grant's own.
    """
    here = now.astimezone(CHINA)
    night = datetime.combine(here.date(), CHECKED_FROM, tzinfo=CHINA)
    at = night + timedelta(seconds=spread % CHECKED_WITHIN_SECONDS)
    return at if at > now else at + timedelta(days=1)


def _tellings(approved_at: datetime, expires_at: datetime | None) -> Iterator[datetime]:
    if expires_at is None:
        return
    for days in TOLD_DAYS_BEFORE:
        at = expires_at - timedelta(days=days)
        if at > approved_at:
            yield at
