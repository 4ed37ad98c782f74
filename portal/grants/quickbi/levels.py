"""Our levels as Quick BI's points, and how two holdings compare.

AddWorksAuthorization documents 1 (view), 3 (view and export) and 11 (edit, without an end). A value for using
datasets and data sources and for filling in forms is documented nowhere, so an admin has to say it (``options``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal.grants.quickbi.options import OPEN_LEVELS, QuickBIOptions
from portal.grants.quickbi.refusals import Refusal, refusal
from portal.rules.entitlement import Entitlement
from portal.rules.organisation_day import CHINA

VIEW, EXPORT, MANAGE, EDIT = 1, 3, 10, 11
# Quick BI's own way to say "without an end" where a day is required.
FOREVER = datetime(2099, 12, 31, tzinfo=CHINA)
# Quick BI counts in milliseconds or days.
PRECISION = timedelta(seconds=1)
_POINTS = {
    Entitlement.VIEW: VIEW,
    Entitlement.EXPORT: EXPORT,
    Entitlement.EDIT: EDIT,
    Entitlement.UNMASK: VIEW,
}
# Which texts ListAuthConfigByResource uses is not documented; the numbers of AuthPoints are taken as well.
_POINTS_OF_WORD = {
    "view": VIEW,
    "read": VIEW,
    "export": EXPORT,
    "download": EXPORT,
    "manage": MANAGE,
    "edit": EDIT,
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a person shall hold until ``ends_at``; None without an end."""

    points: int
    ends_at: datetime | None
    is_open_level: bool = False

    @property
    def end(self) -> datetime:
        return FOREVER if self.ends_at is None else self.ends_at

    @property
    def expire_day(self) -> str:
        """The day after the end: access never ends earlier than approved, and to the hour we end it ourselves."""
        return (self.end.astimezone(CHINA).date() + timedelta(days=1)).isoformat()


@dataclass(frozen=True, kw_only=True)
class Held:
    """What somebody holds. ``points`` is None where Quick BI's words say nothing that we know.

    ``ends_at`` is None without an end, ``given_at`` where Quick BI does not tell it. ``is_direct`` means given to
    this person, not to a workspace or everybody.
    """

    points: int | None
    ends_at: datetime | None
    given_at: datetime | None = None
    is_direct: bool = True
    scope: int = 0

    def covers(self, wanted: Wanted) -> bool:
        """Whether nothing needs to be given: at least the level, at least as long."""
        return self.reaches(wanted) and (self.ends_at is None or self.ends_at >= wanted.end - PRECISION)

    def reaches(self, wanted: Wanted) -> bool:
        """Whether the level is high enough."""
        if self.points is None:
            return wanted.is_open_level or wanted.points == VIEW
        return self.points >= wanted.points


def wanted_of(entitlement: str, *, ends_at: datetime | None, options: QuickBIOptions) -> Wanted:
    """Return what a level means in points; raises ``TargetError`` for a level whose value nobody has said."""
    if entitlement not in OPEN_LEVELS:
        return Wanted(points=_POINTS[Entitlement(entitlement)], ends_at=ends_at)
    points = options.points_of(entitlement)
    if points is None:
        raise refusal(Refusal.LEVEL_NOT_SETTLED, level=entitlement)
    return Wanted(points=points, ends_at=ends_at, is_open_level=True)


def points_of(authorities: Iterable[str]) -> int | None:
    """Read what ListAuthConfigByResource lists; None where no word of it is known."""
    found = [_points_of_word(each.strip().casefold()) for each in authorities]
    return max((each for each in found if each is not None), default=None)


def moment_of(milliseconds: int | None) -> datetime | None:
    """Return the moment of an epoch in milliseconds; None without an end."""
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds_of(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def local_moment(text: str) -> datetime | None:
    """Read Quick BI's local time (yyyy-MM-dd HH:mm:ss in China); None for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except ValueError:
        return None


def _points_of_word(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() else _POINTS_OF_WORD.get(word)
