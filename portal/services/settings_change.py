"""One change of the settings row: by whoever saw its present version, with its audit entry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.models import ApprovalSettings
from portal.services.approval_settings import stored_settings
from portal.services.audit import Actor, record
from portal.services.faults import Problem, ProblemReason


@contextmanager
def changed_settings(clock: Clock, *, version: int) -> Iterator[tuple[Session, ApprovalSettings]]:
    """Hold the settings row for a change in one transaction; raises ``Problem(SETTINGS_CHANGED)``."""
    with transaction() as session:
        row = stored_settings(session, clock)
        if row.version != version:
            raise Problem(ProblemReason.SETTINGS_CHANGED)
        row.version += 1
        row.updated_at = clock.now()
        yield session, row


def record_settings(
    session: Session,
    clock: Clock,
    actor: Actor,
    action: str,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Add the audit entry of the change to its transaction."""
    subject = ("approval_settings", 1)
    record(session, actor, action, at=clock.now(), subject=subject, before=before, after=after)
