"""Sums up durations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median


def percentile(durations: Sequence[float], share: float) -> float:
    """Return the value that ``share`` (0 to 1) of ``durations`` do not exceed; there must be one at least."""
    ordered = sorted(durations)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def in_milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Return count, p50, p95, p99 and maximum of durations in seconds, in milliseconds."""
    return {
        "count": len(seconds),
        "p50_ms": rounded(median(seconds) * 1000),
        "p95_ms": rounded(percentile(seconds, 0.95) * 1000),
        "p99_ms": rounded(percentile(seconds, 0.99) * 1000),
        "max_ms": rounded(max(seconds) * 1000),
    }


def rounded(number: float) -> float:
    """Three digits are more than repeats agree on."""
    return float(f"{number:.3g}") if abs(number) < 100 else float(round(number))
