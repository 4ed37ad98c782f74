"""What is due, handed out one lease at a time.

``due_at`` is the promise. Taking a row moves it one lease into the future in a commit of its own, so that work
which dies with its worker becomes due again by itself, on whatever worker is alive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.models import Approval, Chore, Grant, StrayInstance, WorkNotice
from portal.services.work.dingtalk_calls import Allowance, DingTalkCalls

LEASE = timedelta(seconds=60)
# So many grants are one piece of work: the queue costs more than what is done for one of them.
GRANTS_TOGETHER = 50


class WorkKind(StrEnum):
    """What there is to do, by the name that its workflow has in the queue."""

    APPROVAL = "advance_approval"
    STRAY_INSTANCE = "settle_stray_instance"
    CHORE = "do_chore"
    NOTICE = "deliver_notice"
    GRANTS = "advance_grants"


@dataclass(frozen=True, kw_only=True)
class DueWork:
    """One piece of work. ``key`` is the row's, or several ids; ``ticket`` is new each time it is taken."""

    kind: WorkKind
    key: int | str
    ticket: str


@dataclass(frozen=True, kw_only=True)
class DueWorkList:
    """Hands out what is due, and while DingTalk's monthly calls are used up only what needs none."""

    clock: Clock
    calls: DingTalkCalls

    def take(
        self, *, limit: int, hand_over: Callable[[Session, DueWork], None], lots_limit: int | None = None
    ) -> int:
        """Take up to ``limit`` due rows of each kind, the longest overdue first, and return how many.

        Grants are taken in lots, up to ``lots_limit`` (else ``limit``), whatever DingTalk allows.

        Of those due at one moment the older row comes first. ``hand_over`` is called inside the
        transaction that takes them: both happen or neither.
        """
        now = self.clock.now()
        with transaction() as session:
            allowed = self.calls.allowance(session, limit=limit) if limit else Allowance(limit=0)
            calling = self._due(session, Approval, WorkKind.APPROVAL, now=now, limit=allowed.limit)
            if not (calling and allowed.is_probe):
                strays = WorkKind.STRAY_INSTANCE
                calling += self._due(session, StrayInstance, strays, now=now, limit=allowed.limit)
            if calling and allowed.is_probe:
                self.calls.probe_sent(session)
            if not allowed.is_probe:
                # A notice proves nothing about the quota: whether DingTalk counts it is not said.
                calling += self._due(session, WorkNotice, WorkKind.NOTICE, now=now, limit=allowed.limit)
            taken = [*calling, *self._due(session, Chore, WorkKind.CHORE, now=now, limit=limit)]
            most_grants = GRANTS_TOGETHER * (limit if lots_limit is None else lots_limit)
            taken += _lots(session, now=now, limit=most_grants)
            for each in taken:
                hand_over(session, each)
            return len(taken)

    @staticmethod
    def _due(
        session: Session,
        table: type[Approval] | type[StrayInstance] | type[Chore] | type[WorkNotice],
        kind: WorkKind,
        *,
        now: datetime,
        limit: int,
    ) -> list[DueWork]:
        if limit == 0:
            return []
        due: Select[tuple[Any]] = select(table)
        rows = session.scalars(
            due.where(table.due_at <= now)
            .order_by(table.due_at, *table.__table__.primary_key)
            .limit(limit)
            .with_for_update(skip_locked=True, of=table)
        ).all()
        leased_until = now + LEASE
        for row in rows:
            row.due_at = leased_until
        keys = [row.name if isinstance(row, Chore) else row.id for row in rows]
        stamp = int(leased_until.timestamp() * 1000)
        return [DueWork(kind=kind, key=key, ticket=f"{key}-{stamp}") for key in keys]


def _lots(session: Session, *, now: datetime, limit: int) -> list[DueWork]:
    """Take due grants, whole rows of which nobody needs here, and put them together by the way they come."""
    due = select(Grant.id).where(Grant.due_at <= now).order_by(Grant.due_at, Grant.id).limit(limit)
    ids = session.scalars(due.with_for_update(skip_locked=True, of=Grant)).all() if limit else []
    if not ids:
        return []
    leased_until = now + LEASE
    session.execute(
        update(Grant).where(Grant.id.in_(ids)).values(due_at=leased_until, version=Grant.version + 1),
        execution_options={"synchronize_session": False},
    )
    stamp = int(leased_until.timestamp() * 1000)
    lots = [ids[at : at + GRANTS_TOGETHER] for at in range(0, len(ids), GRANTS_TOGETHER)]
    return [
        DueWork(kind=WorkKind.GRANTS, key=",".join(map(str, lot)), ticket=f"{lot[0]}-{stamp}") for lot in lots
    ]
