"""How long access is asked for: days counted from the approval, or until a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

PRESET_DAYS = (1, 3, 7, 30, 90)
LONGEST_DAYS = 366


class ValidityFault(Exception):
    """The asked validity is not possible; ``reason`` is past, too_far or missing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Validity:
    """Exactly one of the two is set."""

    days: int | None = None
    until: date | None = None


def check_validity(
    *, days: int | None, until: date | None, today: date, longest_days: int = LONGEST_DAYS
) -> Validity:
    """Return the validity asked for, at most ``longest_days`` from today, or raise ``ValidityFault``."""
    if days is not None:
        if not 1 <= days <= longest_days:
            raise ValidityFault("too_far")
        return Validity(days=days)
    if until is None:
        raise ValidityFault("missing")
    if until <= today:
        raise ValidityFault("past")
    if until > today + timedelta(days=longest_days):
        raise ValidityFault("too_far")
    return Validity(until=until)
