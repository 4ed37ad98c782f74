"""Times and durations as a person reads them, in their language; `<time>` keeps the exact moment."""

import math
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from babel import Locale
from babel.dates import format_datetime, get_datetime_format
from flask import Flask
from flask_babel import (
    format_date,
    format_time,
    format_timedelta,
    get_locale,
    get_timezone,
    to_user_timezone,
)
from markupsafe import Markup

from portal.rules.organisation_day import last_day_before

MOMENTS_KEPT = 4_096
UNITS_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60}


def init_formatters(app: Flask) -> None:
    """Give templates the filters `moment`, `day`, `last_day`, `ago` and `duration`."""
    for each in (moment, day, last_day, ago, duration):
        app.jinja_env.filters[each.__name__] = each


def moment(at: datetime) -> Markup:
    """Date and time in the organisation's time zone. `at` without a zone is UTC, as the database keeps it."""
    zoned = _aware(at)
    # "{1}, {0}" in English, "{1} {0}" in Chinese
    pattern = str(get_datetime_format("medium", locale=_locale()))
    words = pattern.format(format_time(zoned, "short"), format_date(to_user_timezone(zoned).date(), "medium"))
    return _time_element(at, words=words, title=_in_full(zoned, get_timezone(), str(_locale())))


def day(at: datetime | date) -> Markup:
    """The date alone: of a moment in the organisation's time zone, or a plain calendar day."""
    if isinstance(at, datetime):
        return _time_element(at, words=format_date(to_user_timezone(_aware(at)).date(), "long"))
    words = format_date(at, "long")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), words)


def last_day(end: datetime) -> Markup:
    """The last day on which something holds that is over at this moment: midnight ends the day before it."""
    return day(last_day_before(_aware(end)))


def ago(at: datetime) -> Markup:
    """How long ago, or in how long ("3 hours ago", "in 2 days"), with the exact time as its title."""
    zoned = _aware(at)
    words = format_timedelta(zoned - datetime.now(UTC), add_direction=True)
    return _time_element(at, words=words, title=_in_full(zoned, get_timezone(), str(_locale())))


def duration(duration_seconds: float) -> str:
    """A length of time in its largest whole unit: 7776000 is "90 days", never "3 months", another promise."""
    seconds = round(duration_seconds)
    whole = (unit for unit, unit_seconds in UNITS_SECONDS.items() if seconds and seconds % unit_seconds == 0)
    # Babel rounds up to larger units by its threshold; an endless one stops it at ours
    return str(format_timedelta(timedelta(seconds=seconds), next(whole, "second"), threshold=math.inf))


def _time_element(at: datetime, *, words: str, title: str = "") -> Markup:
    exact = _aware(at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if title:
        return Markup('<time datetime="{}" title="{}">{}</time>').format(exact, title, words)
    return Markup('<time datetime="{}">{}</time>').format(exact, words)


@lru_cache(maxsize=MOMENTS_KEPT)
def _in_full(at: datetime, timezone: tzinfo, locale: str) -> str:
    """Kept, as lists show the same moments again and again and wording one takes longer than the rest of its row."""
    return str(format_datetime(at, "long", tzinfo=timezone, locale=locale))


def _locale() -> Locale:
    return get_locale() or Locale("en")


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
