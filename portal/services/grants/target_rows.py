"""The row of a grant target as admins change it: one after the other, audited, waking grants that waited."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.grants.grant_target import TargetName
from portal.models import Grant, GrantTargetSettings
from portal.rules.grant_state import GrantState
from portal.services.audit import Actor, record
from portal.services.faults import Problem, ProblemReason


def row_to_change(
    session: Session, target: TargetName, *, version: int, at: datetime
) -> tuple[GrantTargetSettings, bool]:
    """Return a target's row, made where there is none (version 0), and whether it was there before.

    Raises ``Problem(SETTINGS_CHANGED)`` when ``version`` is not the one that is stored.
    """
    row = session.get(GrantTargetSettings, target.value, with_for_update=True)
    if (row.version if row else 0) != version:
        raise Problem(ProblemReason.SETTINGS_CHANGED)
    if row is not None:
        return row, True
    row = GrantTargetSettings(name=target.value, options={}, is_enabled=False, updated_at=at)
    session.add(row)
    return row, False


def keep_change(
    session: Session,
    actor: Actor,
    action: str,
    *,
    target: TargetName,
    at: datetime,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    """Write a changed row and its audit entry; raises ``Problem(SETTINGS_CHANGED)`` when somebody was faster."""
    try:
        session.flush()
    except (StaleDataError, IntegrityError) as error:
        raise Problem(ProblemReason.SETTINGS_CHANGED) from error
    record(session, actor, action, at=at, subject=subject_of(target), before=before, after=after)


def subject_of(target: TargetName) -> tuple[str, str]:
    """Return what audit entries about a target's settings are about."""
    return "grant_target", target.value


def wake_failing(session: Session, target: TargetName, *, at: datetime) -> None:
    """Let grants that wait for a remedy, or out a pause, be tried again now: what kept them may be mended."""
    session.execute(
        update(Grant)
        .where(
            Grant.state == GrantState.FAILING,
            Grant.target == target.value,
            or_(Grant.due_at.is_(None), Grant.due_at > at),
        )
        .values(due_at=at)
        .execution_options(synchronize_session=False)
    )
