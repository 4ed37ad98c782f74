"""How long to wait before a call that failed is made again."""

from __future__ import annotations

from datetime import timedelta

from portal.channels.failures import Failure, OwnFailure

# A used-up quota is asked about as often as this.
QUOTA_PAUSE = timedelta(hours=1)
# DingTalk refuses a withdrawal within 15 seconds of the start (DingTalk: revoke-an-approval-instance).
WITHDRAWAL_WAIT = timedelta(seconds=16)
LONGEST_THROTTLE = timedelta(minutes=5)
# A throttle that names its pause is believed this often; then somebody else uses up the same limit.
THROTTLES_BELIEVED = 5
UNCOUNTED_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, 60, 300))
# The other calls are counted against the month: what fails for hours is asked for once an hour.
COUNTED_PAUSES = (*UNCOUNTED_PAUSES, timedelta(minutes=15), timedelta(hours=1))
UNCOUNTED = frozenset({"unreachable", OwnFailure.SECRETS_UNREADABLE, OwnFailure.NOT_BOUND})


def pause_before_retry(failure: Failure, *, retries: int) -> timedelta:
    """Return the pause after ``failure``, which ``retries`` others came before.

    Source: DingTalk, call-frequency-limit: one second, a minute, or a growing pause, by the kind of the limit.
    """
    if failure.kind == "quota_exhausted":
        return QUOTA_PAUSE
    if failure.kind == "throttled":
        return min(_throttle_pause(failure, retries=min(retries, 16)), LONGEST_THROTTLE)
    pauses = UNCOUNTED_PAUSES if failure.kind in UNCOUNTED else COUNTED_PAUSES
    return pauses[min(retries, len(pauses) - 1)]


def _throttle_pause(failure: Failure, *, retries: int) -> timedelta:
    if failure.wait_seconds is None:
        return timedelta(seconds=2 * 2**retries)
    return timedelta(seconds=failure.wait_seconds * 2 ** max(0, retries - THROTTLES_BELIEVED + 1))
