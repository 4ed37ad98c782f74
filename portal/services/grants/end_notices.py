"""Tells people a week and a day before their access ends, in time to have it renewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.models import Grant
from portal.rules.entitlement import includes
from portal.rules.grant_end import days_told, next_telling
from portal.rules.grant_state import ENDS
from portal.services.grants.grant_rows import is_wanted
from portal.services.notices.about_grants import promise_about_grant
from portal.services.notices.notice_promises import NoticeKind

EVERY = timedelta(minutes=5)
TOGETHER = 100
KINDS = {7: NoticeKind.GRANT_ENDS_IN_A_WEEK, 1: NoticeKind.GRANT_ENDS_TOMORROW}


@dataclass(frozen=True, kw_only=True)
class EndNotices:
    """Promises what is due to be told; what is prolonged already needs no words."""

    clock: Clock

    def go_round(self) -> timedelta:
        """Promise the notices of one lot; returns the pause until the next."""
        now = self.clock.now()
        with transaction() as session:
            due = session.scalars(
                select(Grant)
                .where(Grant.notice_at <= now)
                .order_by(Grant.notice_at)
                .limit(TOGETHER)
                .with_for_update(skip_locked=True, of=Grant)
            ).all()
            for grant in due:
                self._tell(session, grant, now=now)
            return timedelta() if len(due) == TOGETHER else EVERY

    @staticmethod
    def _tell(session: Session, grant: Grant, *, now: datetime) -> None:
        days = days_told(approved_at=grant.approved_at, expires_at=grant.expires_at, now=now)
        grant.notice_at = next_telling(approved_at=grant.approved_at, expires_at=grant.expires_at, after=now)
        if days is None or not is_wanted(grant, now) or _is_prolonged(session, grant, now=now):
            return
        promise_about_grant(session, grant, KINDS[days], person=grant.person, at=now)


def _is_prolonged(session: Session, grant: Grant, *, now: datetime) -> bool:
    """Whether another grant of the same access goes on for longer."""
    others = session.scalars(
        select(Grant).where(
            Grant.person_id == grant.person_id,
            Grant.resource_id == grant.resource_id,
            Grant.id != grant.id,
            Grant.state.not_in(ENDS),
        )
    )
    return any(
        is_wanted(each, now)
        and includes(each.entitlement, grant.entitlement)
        and set(grant.columns or ()) <= set(each.columns or ())
        and (each.expires_at is None or (grant.expires_at is not None and each.expires_at > grant.expires_at))
        for each in others
    )
