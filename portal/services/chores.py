"""Work that comes back by the clock: each chore says itself when it wants to be done next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog

from portal.channels.failures import ChannelError
from portal.clock import Clock
from portal.database import transaction
from portal.models import Chore

log = structlog.get_logger(__name__)

AFTER_FAILURE = timedelta(minutes=10)


class ChoreName(StrEnum):
    """What comes back."""

    DRAIN_FAILED_PUSHES = "drain_failed_pushes"
    PRUNE_PAYLOADS = "prune_payloads"


@dataclass(frozen=True, kw_only=True)
class Chores:
    """Does chores. A task does one round of its work and returns the pause until the next."""

    clock: Clock
    tasks: Mapping[ChoreName, Callable[[], timedelta]]

    def plan(self) -> None:
        """Make every chore known, due at once, where it is not yet; for the start of a worker."""
        with transaction() as session:
            for name in self.tasks:
                if session.get(Chore, name.value, with_for_update=True) is None:
                    session.add(Chore(name=name.value, due_at=self.clock.now()))

    def do(self, name: str) -> None:
        """Do one chore and set when it comes back; what the channel refuses is kept on its row."""
        task = self.tasks.get(ChoreName(name)) if name in set(ChoreName) else None
        if task is None:
            return  # of another version of the portal
        try:
            pause, failure = task(), None
        except ChannelError as error:
            log.warning("chore.failed", chore=name, kind=error.failure.kind, code=error.failure.code)
            pause, failure = AFTER_FAILURE, error.failure.to_json()
        with transaction() as session:
            chore = session.get_one(Chore, name, with_for_update=True)
            chore.due_at = self.clock.now() + pause
            chore.failure = failure
            if failure is None:
                chore.done_at = self.clock.now()
