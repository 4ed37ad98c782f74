"""Grants as people look at them: their own, and one with its log for whoever may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.clock import Clock
from portal.extensions import db
from portal.grants.grant_target import LEAVES_TO_HANDS
from portal.models import Grant, GrantDelivery, Person
from portal.rules.grant_state import ENDS
from portal.rules.permissions import Permission
from portal.services.faults import NotThere
from portal.services.grants.grant_orders import Action
from portal.services.grants.grant_rows import is_wanted
from portal.services.grants.task_people import concerns, keeps, task_people
from portal.services.permissions import may

SHOWN_DELIVERIES = 30
SHOWN_CHECKS = 5
SHOWN_OPEN = 200
SHOWN_PAST = 20


@dataclass(frozen=True, kw_only=True)
class GrantView:
    """One grant with its newest tries, and what the person who looks may do about it.

    ``renewal`` is a later grant of the same access that prolongs this one. ``task_people`` are asked to act by hand,
    ``keepers`` can mend a failure: both are the owner, or who stands in for one.
    """

    grant: Grant
    deliveries: tuple[GrantDelivery, ...]
    renewal: Grant | None
    task_people: tuple[Person, ...]
    keepers: tuple[Person, ...]
    at: datetime
    is_own: bool
    is_in_effect: bool
    may_act: bool
    may_do_task: bool


@dataclass(frozen=True, kw_only=True)
class MyAccess:
    """What somebody has, the next to end first, and what they had; ``older_than`` leads to older ones."""

    open: tuple[Grant, ...]
    past: tuple[Grant, ...]
    renewed_ids: frozenset[int]
    older_than: int | None


@dataclass(frozen=True, kw_only=True)
class GrantViews:
    """Reads grants for people."""

    clock: Clock

    def view(self, person: Person, grant_id: int) -> GrantView:
        """Return one grant; raises ``NotThere`` for everybody whose business it is not.

        Seen by its person, who asked for it, who keeps it (owner, administrators) and who reads everything.
        """
        grant = db.session.get(Grant, grant_id)
        if grant is None:
            raise NotThere
        session = db.session()
        may_act = keeps(session, person, grant)
        if not (may_act or concerns(grant, person) or may(person, Permission.READ_EVERYTHING)):
            raise NotThere
        now = self.clock.now()
        keepers = tuple(task_people(session, grant))
        is_task = grant.task_at is not None and grant.target in LEAVES_TO_HANDS
        return GrantView(
            grant=grant,
            deliveries=self._deliveries(grant_id),
            renewal=db.session.scalar(
                select(Grant).filter_by(renews_id=grant_id).order_by(Grant.id.desc()).limit(1)
            ),
            task_people=keepers if is_task else (),
            keepers=keepers,
            at=now,
            is_own=grant.person_id == person.id,
            is_in_effect=is_wanted(grant, now),
            may_act=may_act,
            may_do_task=is_task and may_act and not concerns(grant, person),
        )

    def mine(self, person: Person, *, older_than: int | None = None) -> MyAccess:
        """Return what somebody has and had; ``older_than`` is the id below which past ones are wanted."""
        theirs = select(Grant).filter_by(person_id=person.id).options(selectinload(Grant.request))
        is_open = Grant.state.not_in(ENDS)
        open_ones = db.session.scalars(
            theirs.where(is_open).order_by(Grant.expires_at, Grant.id).limit(SHOWN_OPEN)
        ).all()
        past = theirs.where(~is_open).order_by(Grant.id.desc()).limit(SHOWN_PAST + 1)
        if older_than is not None:
            past = past.where(Grant.id < older_than)
        found = db.session.scalars(past).all()
        shown = found[:SHOWN_PAST]
        return MyAccess(
            open=tuple(open_ones),
            past=tuple(shown),
            renewed_ids=frozenset(each.renews_id for each in open_ones if each.renews_id is not None),
            older_than=shown[-1].id if len(found) > SHOWN_PAST else None,
        )

    @staticmethod
    def _deliveries(grant_id: int) -> tuple[GrantDelivery, ...]:
        newest = select(GrantDelivery).filter_by(grant_id=grant_id).order_by(GrantDelivery.id.desc())
        is_check = GrantDelivery.action == Action.CHECK
        # Every night adds a check; they must not hide when the access was given.
        changes = db.session.scalars(newest.where(~is_check).limit(SHOWN_DELIVERIES))
        checks = db.session.scalars(newest.where(is_check).limit(SHOWN_CHECKS))
        return tuple(sorted((*changes, *checks), key=lambda each: each.id, reverse=True))
