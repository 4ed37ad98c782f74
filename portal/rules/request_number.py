"""Numbers of requests: how one is made, and which requests somebody means who typed a part of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "AR"
PADDED_DIGITS = 6
LARGEST_ID = 2**31 - 1  # of the id's column

# Up to where the request's own digits begin, and with at least one of them.
_START = re.compile(rf"{PREFIX}-[0-9]{{0,4}}|(?:{PREFIX}-)?[0-9]{{4}}-")
_WITH_DIGITS = re.compile(rf"(?P<start>(?:{PREFIX}-)?[0-9]{{4}}-)?(?P<digits>[0-9]{{1,10}})")


@dataclass(frozen=True, kw_only=True)
class NumberPart:
    """Numbers that begin with ``start`` (empty: any) and belong to requests with ids in one of ``ids``."""

    start: str
    ids: tuple[range, ...]


def request_number(request_id: int, *, year: int) -> str:
    """Return the number of the request with this id, asked for in this year: ``AR-2026-000042``."""
    return f"{PREFIX}-{year}-{request_id:0{PADDED_DIGITS}d}"


def number_part(typed: str) -> NumberPart | None:
    """Return which numbers begin with ``typed``, in capitals or not; None when none could.

    Digits alone are the last part's: the beginning of it, or all of it without the zeros in front.
    """
    typed = typed.upper()
    if _START.fullmatch(typed):
        return NumberPart(start=_full(typed), ids=(range(1, LARGEST_ID + 1),))
    found = _WITH_DIGITS.fullmatch(typed)
    if found is None:
        return None
    start, digits = found["start"] or "", found["digits"]
    ids = _beginning_with(digits)
    if not start and len(digits) < PADDED_DIGITS and not digits.startswith("0"):
        ids = (range(int(digits), int(digits) + 1), *ids)
    return NumberPart(start=_full(start), ids=ids) if ids else None


def _full(start: str) -> str:
    return f"{PREFIX}-{start}" if start[:1].isdigit() else start


def _beginning_with(digits: str) -> tuple[range, ...]:
    """Numbers are padded to six digits and longer from the millionth on: one range for each length."""
    longest = PADDED_DIGITS if digits.startswith("0") else len(str(LARGEST_ID))
    ranges = []
    for length in range(max(PADDED_DIGITS, len(digits)), longest + 1):
        missing = 10 ** (length - len(digits))
        first = int(digits) * missing
        if first <= LARGEST_ID:
            ranges.append(range(first, min(first + missing, LARGEST_ID + 1)))
    return tuple(ranges)
