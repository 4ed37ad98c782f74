"""How long a failed call waits: as DingTalk asks, growing, and never so often that the month is used up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.channels.failures import Failure, Retry
from portal.services.work.retry_pauses import LONGEST_THROTTLE, THROTTLES_BELIEVED, pause_before_retry


def pauses(kind: str, count: int, *, wait_seconds: int | None = None) -> list[float]:
    failure = Failure(kind=kind, retry=Retry.RETRYABLE, wait_seconds=wait_seconds)
    return [pause_before_retry(failure, retries=each).total_seconds() for each in range(count)]


def test_a_throttle_that_names_its_pause_is_believed_and_then_backed_off_from() -> None:
    assert pauses("throttled", THROTTLES_BELIEVED, wait_seconds=1) == [1] * THROTTLES_BELIEVED
    assert pauses("throttled", 8, wait_seconds=1)[-3:] == [2, 4, 8]
    assert pauses("throttled", 2, wait_seconds=60) == [60, 60]


def test_a_throttle_without_a_time_backs_off_exponentially_up_to_a_limit() -> None:
    assert pauses("throttled", 5) == [2, 4, 8, 16, 32]
    assert pauses("throttled", 1000)[-1] == LONGEST_THROTTLE.total_seconds()


@pytest.mark.parametrize(("kind", "most_calls_a_day"), [("server_trouble", 32), ("flow_changed", 32)])
def test_a_counted_call_that_fails_all_day_is_made_a_few_times(kind: str, most_calls_a_day: int) -> None:
    total, count = timedelta(), 0
    while total < timedelta(days=1):
        total += pause_before_retry(Failure(kind=kind, retry=Retry.RETRYABLE), retries=count)
        count += 1
    assert count <= most_calls_a_day


def test_what_was_never_sent_is_tried_again_within_minutes_however_long_it_lasts() -> None:
    assert pauses("unreachable", 100)[-1] == timedelta(minutes=5).total_seconds()
