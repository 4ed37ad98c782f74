"""The sweep that ends access on time: off an index, in lots, so that nothing else waits long for the database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Grant
from portal.rules.grant_state import GrantState
from portal.services.audit import PORTAL, record

log = structlog.get_logger(__name__)

# A lot holds SQLite's only write lock; callbacks of DingTalk wait behind it.
TOGETHER = 200
MOST_LOTS = 25
# Whoever waits asks for the lock every millisecond: taken again at once, it would hardly ever be theirs.
LEFT_TO_OTHERS_SECONDS = 0.01
# A grant is never shorter than a day, so the next end is known; looked again by then because clocks may be moved.
LONGEST_PAUSE = timedelta(minutes=1)
SHORTEST_PAUSE = timedelta(milliseconds=500)


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Asks for the end of what has expired; taking it away is then due work like any other."""

    clock: Clock

    def go_round(self) -> timedelta:
        """End what has expired, up to a bound; returns the pause until there is more."""
        ended = 0
        for _ in range(MOST_LOTS):
            lot = self._end_lot()
            ended += lot
            if lot < TOGETHER:
                break
            time.sleep(LEFT_TO_OTHERS_SECONDS)
        else:
            return timedelta()
        if ended:
            log.info("grants.expired", grants=ended)
        return self._until_the_next()

    def _end_lot(self) -> int:
        now = self.clock.now()
        with transaction() as session:
            ids = session.scalars(
                select(Grant.id)
                .where(Grant.ending.is_(None), Grant.ended_at.is_(None), Grant.expires_at <= now)
                .order_by(Grant.expires_at)
                .limit(TOGETHER)
                .with_for_update(skip_locked=True, of=Grant)
            ).all()
            _end(session, list(ids), now=now)
            return len(ids)

    def _until_the_next(self) -> timedelta:
        next_end = db.session.scalar(
            select(Grant.expires_at)
            .where(Grant.ending.is_(None), Grant.ended_at.is_(None), Grant.expires_at.is_not(None))
            .order_by(Grant.expires_at)
            .limit(1)
        )
        db.session.rollback()
        if next_end is None:
            return LONGEST_PAUSE
        return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, next_end - self.clock.now()))


def _end(session: Session, ids: list[int], *, now: datetime) -> None:
    if not ids:
        return
    session.execute(
        update(Grant)
        .where(Grant.id.in_(ids))
        .values(
            ending=GrantState.EXPIRED.value,
            due_at=now,
            notice_at=None,
            task_at=None,
            retries=0,
            version=Grant.version + 1,
        ),
        execution_options={"synchronize_session": False},
    )
    for grant_id in ids:
        record(session, PORTAL, "grant.expired", at=now, subject=("grant", grant_id))
