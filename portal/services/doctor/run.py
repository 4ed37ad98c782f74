"""One examination: each check is looked at once, after what it needs, from however many threads it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar, cast

import structlog

from portal.extensions import db
from portal.services.doctor.checks import Check, CheckName, CheckState, Verdict, failed, waits_for
from portal.services.doctor.findings import Found

log = structlog.get_logger(__name__)

Seen = TypeVar("Seen")

_NOT_GREEN = frozenset({CheckState.FAILED, CheckState.WAITING})


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a run says of one check."""

    name: CheckName
    verdict: Verdict

    @property
    def state(self) -> CheckState:
        """How it stands."""
        return self.verdict.state


class Run:
    """Remembers what was found: checks that build on each other look once. Needs the app's context."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = {check.name: check for check in checks}
        self._results: dict[CheckName, CheckResult] = {}
        self._shared: dict[str, object] = {}
        self._asking = threading.RLock()
        # Looked at under a lock of its own each; needs have no circle, so nobody waits for ever.
        self._looking = {name: threading.RLock() for name in self._checks}

    @property
    def names(self) -> tuple[CheckName, ...]:
        """All checks, causes before consequences."""
        return tuple(self._checks)

    def result(self, name: CheckName) -> CheckResult:
        """Return what was found, looking now if nobody has yet."""
        with self._looking[name]:
            known = self._results.get(name)
            if known is None:
                known = CheckResult(name=name, verdict=self._verdict(self._checks[name]))
                self._results[name] = known
            return known

    def once(self, key: str, ask: Callable[[], Seen]) -> Seen:
        """Return what several checks look at together, asking for it the first time."""
        with self._asking:
            if key not in self._shared:
                self._shared[key] = ask()
            return cast(Seen, self._shared[key])

    def results(self) -> tuple[CheckResult, ...]:
        """Return all results, looking at what nobody has looked at yet."""
        return tuple(self.result(name) for name in self._checks)

    def again(self, name: CheckName) -> CheckResult:
        """Look at one check anew, with whatever it needs that was not green, and at all that waited."""
        with self._asking:
            self._shared.clear()
        for stale in (*self._not_green_before(name), *self._waited_for(name), *self._waiting(), name):
            self._results.pop(stale, None)
        return self.result(name)

    def _verdict(self, check: Check) -> Verdict:
        for needed in check.needs:
            before = self.result(needed)
            if before.state in _NOT_GREEN:
                return waits_for(before.verdict.waits_for or needed)
        try:
            return check.look(self)
        except Exception as error:
            # The text of an exception may hold what nobody shall read; its kind tells an operator where to look.
            log.exception("doctor.check_broke_off", check=check.name.value)
            return failed(Found.BROKE_OFF, error=type(error).__name__)
        finally:
            db.session.rollback()

    def _not_green_before(self, name: CheckName) -> list[CheckName]:
        found: list[CheckName] = []
        for needed in self._checks[name].needs:
            found += self._not_green_before(needed)
            known = self._results.get(needed)
            if known is not None and known.state is not CheckState.OK:
                found.append(needed)
        return found

    def _waited_for(self, name: CheckName) -> list[CheckName]:
        known = self._results.get(name)
        return [known.verdict.waits_for] if known and known.verdict.waits_for else []

    def _waiting(self) -> list[CheckName]:
        return [name for name, known in list(self._results.items()) if known.state is CheckState.WAITING]
