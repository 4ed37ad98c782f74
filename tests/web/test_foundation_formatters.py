"""Times and durations in both languages and in the organisation's time zone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask_babel import force_locale

from portal.web.formatters import ago, day, duration, last_day, moment
from tests.web.gallery import create_gallery

LATE_EVENING = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    with create_gallery().test_request_context(headers={"Accept-Language": "en"}):
        yield


def test_a_moment_is_in_the_organisations_zone_and_keeps_the_exact_time() -> None:
    assert 'datetime="2026-03-01T17:30:00Z"' in moment(LATE_EVENING)
    assert "Mar 2, 2026, 1:30" in moment(LATE_EVENING)


def test_a_moment_without_a_zone_is_utc() -> None:
    assert moment(LATE_EVENING.replace(tzinfo=None)) == moment(LATE_EVENING)


def test_a_moment_reads_naturally_in_chinese() -> None:
    with force_locale("zh"):
        assert "2026年3月2日 01:30" in moment(LATE_EVENING)


def test_the_day_of_a_moment_is_the_organisations_day() -> None:
    assert "March 2, 2026" in day(LATE_EVENING)
    assert day(date(2026, 3, 1)) == '<time datetime="2026-03-01">March 1, 2026</time>'


@time_machine.travel(LATE_EVENING, tick=False)
def test_relative_times_have_a_direction() -> None:
    assert ">3 hours ago<" in ago(LATE_EVENING - timedelta(hours=3))
    assert ">in 2 days<" in ago(LATE_EVENING + timedelta(days=2))
    with force_locale("zh"):
        assert ">3小时前<" in ago(LATE_EVENING - timedelta(hours=3))


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (7_776_000, "90 days", "90天"),
        (86_400, "1 day", "1天"),
        (5_400, "90 minutes", "90分钟"),
        (7_200, "2 hours", "2小时"),
        (45, "45 seconds", "45秒钟"),
        (0, "0 seconds", "0秒钟"),
    ],
)
def test_durations_are_exact_words(seconds: int, english: str, chinese: str) -> None:
    assert duration(seconds) == english
    with force_locale("zh"):
        assert duration(seconds) == chinese


def test_what_ends_at_midnight_holds_until_the_day_before() -> None:
    midnight = datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert "March 1, 2026" in last_day(midnight)
    assert "March 2, 2026" in last_day(midnight + timedelta(minutes=1))
