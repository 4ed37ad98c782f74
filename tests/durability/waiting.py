"""Waiting for what is to become so, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 240.0


def wait(
    is_true: Callable[[], bool], *, what: str | Callable[[], str], seconds: float = PATIENCE_SECONDS
) -> None:
    """Return once something is so; fails with ``what`` when it does not become so in time."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"waited in vain for {what() if callable(what) else what}"
        time.sleep(0.03)
