"""The doctor itself: all checks, and the runs that pages and the command ask about."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from portal.services.doctor.checks import Check
from portal.services.doctor.run import Run

RUNS_KEPT = 16
# A page that is loaded twice in a row is the same examination: each costs calls of the monthly quota.
SAME_RUN_SECONDS = 3.0
FORGOTTEN_AFTER_SECONDS = 600.0


@dataclass
class _Kept:
    run: Run
    begun_at: float


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Examines the chain; changes nothing. Runs are kept in this process alone: another one would begin anew."""

    checks: tuple[Check, ...]
    _kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict, init=False, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def counted_calls(self) -> int:
        """How many of the organisation's monthly calls a full run costs at most."""
        return sum(check.counted_calls for check in self.checks)

    def examine(self) -> Run:
        """Return a new run that nobody else shares."""
        return Run(self.checks)

    def begin(self) -> str:
        """Begin a run and return its key, or the key of one begun a few seconds ago."""
        now = time.monotonic()
        with self._guard:
            if self._kept:
                latest_key, latest = next(reversed(self._kept.items()))
                if now - latest.begun_at < SAME_RUN_SECONDS:
                    return latest_key
            key = secrets.token_hex(8)
            self._keep(key, begun_at=now)
            return key

    def run(self, key: str) -> Run:
        """Return the run of this key, or begin it: it may be of another process, or long over."""
        now = time.monotonic()
        with self._guard:
            known = self._kept.get(key)
            if known is None or now - known.begun_at > FORGOTTEN_AFTER_SECONDS:
                self._kept.pop(key, None)
                known = self._keep(key, begun_at=now)
            return known.run

    def _keep(self, key: str, *, begun_at: float) -> _Kept:
        kept = self._kept[key] = _Kept(run=Run(self.checks), begun_at=begun_at)
        while len(self._kept) > RUNS_KEPT:
            self._kept.popitem(last=False)
        return kept
