"""Time as DingTalk writes it: epoch milliseconds in events, UTC text with minute precision in the new API."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
CHINA_NAME = "Asia/Shanghai"


def now_ms() -> int:
    """Return the current time in epoch milliseconds."""
    return int(time.time() * 1000)


def minute_text(at_ms: int) -> str:
    """Return ``yyyy-MM-ddTHH:mmZ`` in UTC (DingTalk: obtains-the-details-of-a-single-approval-instance-pop)."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")


def as_datetime(at_ms: int) -> datetime:
    """Return an aware UTC datetime, for pages."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def month_of(at_ms: int) -> str:
    """Return ``yyyy-MM`` in China time: DingTalk's monthly quota is counted there."""
    return datetime.fromtimestamp(at_ms / 1000, CHINA).strftime("%Y-%m")


def start_of_day(at_ms: int) -> int:
    """Return when the day of China began, in epoch milliseconds: limits a day are counted there (not confirmed)."""
    midnight = datetime.fromtimestamp(at_ms / 1000, CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(midnight.timestamp() * 1000)
