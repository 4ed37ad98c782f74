"""Which approvals are due, handed out one lease at a time.

``due_at`` is the promise. Taking a row moves it one lease into the future in a commit of its own, so that work
which dies with its worker becomes due again by itself, on whatever worker is alive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.models import Approval

LEASE = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class DueApproval:
    """One piece of work; ``ticket`` is different each time the row is taken."""

    approval_id: int
    ticket: str


@dataclass(frozen=True, kw_only=True)
class DueApprovals:
    """Hands out due approvals."""

    clock: Clock

    def take(self, *, limit: int, hand_over: Callable[[Session, DueApproval], None]) -> int:
        """Take up to ``limit`` due approvals, the longest overdue first, and return how many.

        ``hand_over`` is called inside the transaction that takes them: both happen or neither.
        """
        now = self.clock.now()
        with transaction() as session:
            rows = session.scalars(
                select(Approval)
                .where(Approval.due_at <= now)
                .order_by(Approval.due_at)
                .limit(limit)
                .with_for_update(skip_locked=True, of=Approval)
            ).all()
            for row in rows:
                row.due_at = now + LEASE
                ticket = f"{row.id}-{int(row.due_at.timestamp() * 1000)}"
                hand_over(session, DueApproval(approval_id=row.id, ticket=ticket))
            return len(rows)
