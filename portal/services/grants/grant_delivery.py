"""Grants at work: whatever is due for one is asked of its target, outside of any transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog
from flask import Flask, current_app
from sqlalchemy.exc import OperationalError

from portal.channels.failures import Failure, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.grants.grant_target import Delivered, GrantTarget, TargetError, TargetName
from portal.log_context import work_about
from portal.services.grants.grant_claims import Claim, claim_lot
from portal.services.grants.grant_orders import Action
from portal.services.grants.grant_results import Answer, settle_lot

log = structlog.get_logger(__name__)

# A grant names a target that this portal is not set up for.
NO_TARGET = "no_target"
# A bug of a target: told like any failure, with its traceback in the log alone.
TARGET_BROKE = "target_broke"
# A transaction holds SQLite's only write lock; callbacks of DingTalk wait behind it.
TAKEN_TOGETHER = 25
WRITTEN_TOGETHER = 15
WRITTEN_EVERY_SECONDS = 0.25
WRITTEN_AGAIN_AFTER_SECONDS = (0.5, 2.0)
# Of one lot, at a target.
ASKED_TOGETHER = 8

Answered = tuple[Claim, Answer | None]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class GrantDelivery:
    """Delivers and removes. A kill anywhere leads to the same try again, under the same ``delivery_id``."""

    clock: Clock
    targets: Mapping[TargetName, GrantTarget]

    def advance_lot(self, ids: str) -> None:
        """Do what is due for several grants (ids with commas), side by side."""
        self._advance([int(each) for each in ids.split(",")])

    def advance(self, grant_id: int) -> None:
        """Do what is due for a grant: have it delivered, or taken away. What goes wrong is kept on its row."""
        self._advance([grant_id])

    def _advance(self, ids: list[int]) -> None:
        taken: list[Claim] = []
        for some in batched(ids, TAKEN_TOGETHER):
            together_or_each(some, lambda part: taken.extend(self._claim(part)), told=lambda one: one)
        if taken:
            for answered in self._asked(taken):
                together_or_each(answered, self._settle, told=lambda one: one[0].grant_id)

    def _claim(self, ids: Sequence[int]) -> list[Claim]:
        with transaction() as session:
            return claim_lot(session, ids, now=self.clock.now())

    def _settle(self, answered: Sequence[Answered]) -> None:
        # What a target has answered is worth more than one try against a database that is busy.
        for pause_seconds in WRITTEN_AGAIN_AFTER_SECONDS:
            try:
                self._write(answered)
            except OperationalError as error:
                log.warning(
                    "grant.answers_not_written", grants=len(answered), error=type(error.orig).__name__
                )
                time.sleep(pause_seconds)
            else:
                return
        self._write(answered)

    def _write(self, answered: Sequence[Answered]) -> None:
        with transaction() as session:
            settle_lot(session, answered, now=self.clock.now())

    def _asked(self, taken: Sequence[Claim]) -> Iterator[list[Answered]]:
        """Ask for all of them, and yield answers as they come: a slow one keeps no other from being written."""
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        pool = ThreadPoolExecutor(min(len(taken), ASKED_TOGETHER), thread_name_prefix="grant")
        try:
            waiting = {pool.submit(self._ask_within, app, each): each for each in taken}
            while waiting:
                answered = wait(waiting, timeout=WRITTEN_EVERY_SECONDS).done
                come = [(waiting.pop(each), each.result()) for each in answered]
                yield from batched(come, WRITTEN_TOGETHER)
        finally:
            pool.shutdown(cancel_futures=True)

    def _ask_within(self, app: Flask, taken: Claim) -> Answer | None:
        with app.app_context(), work_about(grant=taken.grant_id):
            return self._ask(taken) if taken.may_begin(self.clock.now()) else None

    def _ask(self, taken: Claim) -> Answer:
        target = self.targets.get(TargetName(taken.target)) if taken.target in set(TargetName) else None
        if target is None:
            failure = Failure(kind=NO_TARGET, retry=Retry.PERMANENT, facts={"target": taken.target})
            return Answer(began_at=self.clock.now(), took_ms=0, failure=failure)
        ask = target.deliver if taken.action == Action.DELIVER else target.remove
        return ask_target(lambda: ask(taken.order), clock=self.clock)


def batched(all_of_them: Sequence[T], size: int) -> Iterator[list[T]]:
    """Cut into lists of at most ``size``."""
    for first in range(0, len(all_of_them), size):
        yield list(all_of_them[first : first + size])


def together_or_each(
    some: Sequence[T], do: Callable[[Sequence[T]], None], *, told: Callable[[T], int]
) -> None:
    """Do something for several in one transaction; where one of them cannot bear it, for each in its own.

    Raises ``OperationalError``: a database that is away is no one grant's fault.
    """
    try:
        do(some)
    except OperationalError:
        raise
    except Exception:
        if len(some) == 1:
            log.exception("work.failed", grant=told(some[0]))
            return
        for each in some:
            together_or_each([each], do, told=told)


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
