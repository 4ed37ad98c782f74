"""Grants at work: whatever is due for one is asked of its target, outside of any transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from portal.channels.failures import Failure, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.grants.grant_target import Delivered, GrantTarget, TargetError, TargetName
from portal.log_context import work_about
from portal.services.grants.grant_claims import Action, Claim, claim
from portal.services.grants.grant_results import Answer, settle

log = structlog.get_logger(__name__)

# A grant names a target that this portal is not set up for.
NO_TARGET = "no_target"
# A bug of a target: told like any failure, with its traceback in the log alone.
TARGET_BROKE = "target_broke"


@dataclass(frozen=True, kw_only=True)
class GrantDelivery:
    """Delivers and removes. A kill anywhere leads to the same try again, under the same ``delivery_id``."""

    clock: Clock
    targets: Mapping[TargetName, GrantTarget]

    def advance_lot(self, ids: str) -> None:
        """Do what is due for several grants (ids with commas), one after the other."""
        for each in ids.split(","):
            self.advance(int(each))

    def advance(self, grant_id: int) -> None:
        """Do what is due for a grant: have it delivered, or taken away. What goes wrong is kept on its row."""
        with work_about(grant=grant_id):
            with transaction() as session:
                taken = claim(session, grant_id, now=self.clock.now())
            if taken is None:
                return
            answer = self._ask(taken)
            with transaction() as session:
                settle(session, taken, answer, now=self.clock.now())

    def _ask(self, taken: Claim) -> Answer:
        target = self.targets.get(TargetName(taken.target)) if taken.target in set(TargetName) else None
        if target is None:
            failure = Failure(kind=NO_TARGET, retry=Retry.PERMANENT, facts={"target": taken.target})
            return Answer(began_at=self.clock.now(), took_ms=0, failure=failure)
        ask = target.deliver if taken.action == Action.DELIVER else target.remove
        return ask_target(lambda: ask(taken.order), clock=self.clock)


def ask_target(ask: Callable[[], Delivered], *, clock: Clock) -> Answer:
    """Call a target and return what came of it, whatever that is."""
    began_at, began = clock.now(), time.monotonic()
    try:
        return _answer(began_at, began, delivered=ask())
    except TargetError as error:
        log.warning("grant.target_failed", **error.failure.told)
        return _answer(began_at, began, failure=error.failure)
    except Exception:
        log.exception("grant.target_broke")
        return _answer(began_at, began, failure=Failure(kind=TARGET_BROKE, retry=Retry.RETRYABLE))


def _answer(
    began_at: datetime, began: float, *, delivered: Delivered | None = None, failure: Failure | None = None
) -> Answer:
    took_ms = round((time.monotonic() - began) * 1000)
    return Answer(began_at=began_at, took_ms=took_ms, delivered=delivered, failure=failure)
