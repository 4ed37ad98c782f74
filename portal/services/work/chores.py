"""Work that comes back by the clock: each chore says itself when it wants to be done next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy.orm import Session

from portal.channels.failures import ChannelError, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.log_context import work_about
from portal.models import Chore

log = structlog.get_logger(__name__)

AFTER_FAILURE = timedelta(minutes=10)
# What was refused for good stays refused until somebody changes it, and every call is counted.
AFTER_REFUSAL = timedelta(hours=6)


class ChoreName(StrEnum):
    """What comes back."""

    CHECK_TEMPLATE = "check_template"
    DRAIN_FAILED_PUSHES = "drain_failed_pushes"
    ESCALATE = "escalate_overdue_approvals"
    LAPSE = "lapse_overdue_approvals"
    PRUNE_PAYLOADS = "prune_payloads"
    SWEEP = "sweep_silent_approvals"
    SYNC_CATALOGUE = "sync_catalogue"
    EXPIRE_GRANTS = "expire_grants"
    ANNOUNCE_ENDS = "announce_ends_of_grants"
    CHECK_GRANTS = "check_grants"


def wake_chore(session: Session, name: ChoreName, *, at: datetime) -> None:
    """Let a chore come back at ``at`` at the latest, inside the caller's transaction; one never planned stays so."""
    chore = session.get(Chore, name.value, with_for_update=True)
    if chore is not None:
        chore.due_at = min(chore.due_at, at)


@dataclass(frozen=True, kw_only=True)
class Chores:
    """Does chores. A task does one round of its work and returns the pause until the next."""

    clock: Clock
    tasks: Mapping[ChoreName, Callable[[], timedelta]]

    def plan(self) -> None:
        """Make every chore due at once: for the start of a worker, as nobody knows for how long there was none."""
        with transaction() as session:
            for name in sorted(self.tasks):
                chore = session.get(Chore, name.value, with_for_update=True)
                if chore is None:
                    session.add(Chore(name=name.value, due_at=self.clock.now()))
                else:
                    chore.due_at = min(chore.due_at, self.clock.now())

    def wake(self, session: Session, name: ChoreName) -> None:
        """Let a chore come back now, inside the caller's transaction."""
        wake_chore(session, name, at=self.clock.now())

    def do(self, name: str) -> None:
        """Do one chore and set when it comes back; what the channel refuses is kept on its row."""
        task = self.tasks.get(ChoreName(name)) if name in set(ChoreName) else None
        if task is None:
            return  # of another version of the portal
        with work_about(chore=name):
            self._do(name, task)

    def _do(self, name: str, task: Callable[[], timedelta]) -> None:
        try:
            pause, failure = task(), None
        except ChannelError as error:
            log.warning("chore.failed", **error.failure.told)
            pause = AFTER_REFUSAL if error.failure.retry == Retry.PERMANENT else AFTER_FAILURE
            failure = error.failure.to_json()
        with transaction() as session:
            chore = session.get_one(Chore, name, with_for_update=True)
            chore.due_at = self.clock.now() + pause
            chore.failure = failure
            if failure is None:
                chore.done_at = self.clock.now()
