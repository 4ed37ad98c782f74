"""Which day it is in the organisation, for what begins and ends with whole days."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

# DingTalk and Quick BI both count days in China's time, wherever somebody sits.
CHINA = timezone(timedelta(hours=8))
# The same by its name, for what shows times to people.
CHINA_NAME = "Asia/Shanghai"


def last_day_before(end: datetime) -> date:
    """Return the last day on which something holds that is over at ``end``: midnight ends the day before it."""
    return organisation_day(end - timedelta(microseconds=1))


def organisation_day(at: datetime) -> date:
    """Return the day that the organisation's calendars show at this moment (``at`` knows its time zone)."""
    return at.astimezone(CHINA).date()
