"""DingTalk's months begin at midnight in China."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.services.work.dingtalk_calls import month_of, next_month


def test_months_are_those_of_china() -> None:
    last_evening = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    assert month_of(last_evening) == "2026-11"
    assert month_of(last_evening + timedelta(minutes=1)) == "2026-12"
    assert next_month(last_evening) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert next_month(datetime(2026, 12, 31, 18, tzinfo=UTC)) == datetime(2027, 1, 31, 16, tzinfo=UTC)
