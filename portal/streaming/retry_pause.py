"""How long a listener waits before it tries again to connect."""

from __future__ import annotations

import time

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
# Wrong credentials stay wrong until somebody changes them, which is noticed at once (DingTalk: do not retry quickly).
HOPELESS_SECONDS = 60.0
# A connection that lived this long did work; one that is lost sooner may be lost again at once.
PROVEN_AFTER_SECONDS = 10.0


class RetryPause:
    """Doubles with each failure; over at once when what failed has been changed."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        self._failed_with: tuple[str, ...] = ()
        self._connected_at = 0.0

    def is_over(self, wanted: tuple[str, ...]) -> bool:
        """Whether to try now as the app that ``wanted`` identifies."""
        return time.monotonic() >= self._until or (bool(self._failed_with) and wanted != self._failed_with)

    def failed(self, wanted: tuple[str, ...], *, is_hopeless: bool) -> None:
        """Wait after an attempt that brought no connection."""
        self._failed_with = wanted
        self._wait(longest=HOPELESS_SECONDS if is_hopeless else LONGEST_SECONDS, at_once=is_hopeless)

    def connected(self) -> None:
        """Note when a connection came about."""
        self._connected_at, self._failed_with = time.monotonic(), ()

    def lost(self) -> None:
        """Wait after a connection was lost: not at all when it had been good for a while."""
        if time.monotonic() - self._connected_at >= PROVEN_AFTER_SECONDS:
            self._failures, self._until = 0, 0.0
        else:
            self._wait(longest=LONGEST_SECONDS, at_once=False)

    def _wait(self, *, longest: float, at_once: bool) -> None:
        seconds = longest if at_once else min(longest, FIRST_SECONDS * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        self._until = time.monotonic() + seconds
