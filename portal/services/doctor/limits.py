"""From when on something is worth a warning or is broken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Times in seconds unless they say otherwise, sizes in bytes.

    ``callback_seconds`` is within what DingTalk waits for an answer (DingTalk: selfcheck-dingtalk-app, 1,500 ms).
    """

    connect_seconds: float = 3.0
    answer_seconds: float = 5.0
    callback_seconds: float = 1.5
    clock_off_seconds: float = 60.0
    clock_far_off_seconds: float = 300.0
    database_seconds: float = 5.0
    space_short_bytes: int = 1024**3
    space_gone_bytes: int = 100 * 1024**2
    # Reading a whole file takes a second for each few hundred megabytes.
    integrity_looked_at_bytes: int = 256 * 1024**2
    inbox_stuck_after: timedelta = timedelta(minutes=2)
    heard_lately: timedelta = timedelta(hours=1)
    calls_short_percent: int = 70
    # DingTalk's free edition; others have more (DingTalk: quota pages).
    free_pushes: int = 3000
