"""Numbers of requests: how one is made, and which requests somebody means who typed a part of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "AR"
PADDED_DIGITS = 6
LARGEST_ID = 2**31 - 1  # of the id's column

_TYPED = re.compile(
    rf"(?P<start>{PREFIX}-(?:[0-9]{{1,4}}|[0-9]{{4}}-)?|[0-9]{{4}}-)?(?P<digits>[0-9]{{0,10}})"
)


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
    found = re.fullmatch(_TYPED, typed.upper())
    if found is None or not typed:
        return None
    start, digits = found["start"] or "", found["digits"]
    if not digits:
        return NumberPart(start=_full(start), ids=(range(1, LARGEST_ID + 1),))
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
