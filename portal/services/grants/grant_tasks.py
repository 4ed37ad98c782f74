"""What waits for people's hands: to give access in the BI tool or to take it away, and what they say became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from portal.channels.failures import Failure, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import LEAVES_TO_HANDS
from portal.grants.manual import GIVEN_AT, GIVEN_BY, TAKEN_AT, TAKEN_BY
from portal.models import (
    AccessRequest,
    ApprovalSettings,
    Grant,
    GrantDelivery,
    Person,
    Resource,
)
from portal.rules.permissions import Permission
from portal.services.administered import administered_workspaces
from portal.services.audit import Actor
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.grants.grant_orders import Action, delivery_id, facts_of_orders
from portal.services.grants.grant_results import done, failed
from portal.services.grants.grant_rows import Locked, locked_grant
from portal.services.grants.task_people import may_keep
from portal.services.permissions import may

# Somebody said that they cannot do it, and why.
REFUSED_BY_HAND = "refused_by_hand"
LONGEST_REASON = 500
SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class GrantTasks:
    """The to-do list of owners and administrators. Nobody acts on access of their own."""

    clock: Clock

    def waiting(self, person: Person, *, limit: int = SHOWN) -> list[Grant]:
        """Return what waits for somebody's hands, the oldest first."""
        waits = _waits(are_all_kept=may(person, Permission.KEEP_GRANTS))
        mine = select(Grant).join(Grant.request).join(Grant.resource).where(waits)
        oldest = mine.order_by(Grant.task_at, Grant.id).limit(limit)
        return list(db.session.scalars(oldest, {"person_id": person.id}).unique())

    def count(self, person: Person, *, most: int = SHOWN) -> int:
        """Return how much waits for somebody, counted up to ``most``."""
        counted = _count(are_all_kept=may(person, Permission.KEEP_GRANTS))
        return db.session.scalar(counted, {"person_id": person.id, "most": most}) or 0

    def confirm(self, actor: Actor, person: Person, grant_id: int) -> None:
        """Note that somebody has done what a task asks for; raises ``NotThere``, ``Problem(TASK_DONE)``."""
        with transaction() as session:
            found = self._task(session, person, grant_id)
            now = self.clock.now()
            is_giving = found.grant.ending is None
            at, by = (GIVEN_AT, GIVEN_BY) if is_giving else (TAKEN_AT, TAKEN_BY)
            facts = {**(found.grant.delivery or {}), at: now.isoformat(), by: person.name}
            action = Action.DELIVER if is_giving else Action.REMOVE
            _log(session, found.grant, action, at=now, answer=facts)
            done(session, found, action, facts, now=now, actor=actor)

    def cannot(self, actor: Actor, person: Person, grant_id: int, *, reason: str) -> None:
        """Note that somebody cannot do what a task asks for, and why (1 to 500 characters).

        Raises ``NotThere``, ``FieldFault``, ``Problem(TASK_DONE)``.
        """
        reason = reason.strip()
        with transaction() as session:
            found = self._task(session, person, grant_id)
            if not reason:
                raise FieldFault("grant_reason", "missing")
            if len(reason) > LONGEST_REASON:
                raise FieldFault("grant_reason", "too_long", limit=str(LONGEST_REASON))
            failure = Failure(
                kind=REFUSED_BY_HAND,
                retry=Retry.PERMANENT,
                facts={"person": person.name, "reason": reason},
            )
            now = self.clock.now()
            action = Action.DELIVER if found.grant.ending is None else Action.REMOVE
            _log(session, found.grant, action, at=now, failure=failure)
            failed(session, found.grant, failure, now=now, actor=actor)

    @staticmethod
    def _task(session: Session, person: Person, grant_id: int) -> Locked:
        found = locked_grant(session, grant_id)
        if found is None or not may_keep(session, person, found.grant):
            raise NotThere
        if found.grant.task_at is None or found.grant.target not in LEAVES_TO_HANDS:
            raise Problem(ProblemReason.TASK_DONE)
        return found


def _log(
    session: Session,
    grant: Grant,
    action: Action,
    *,
    at: datetime,
    answer: dict[str, Any] | None = None,
    failure: Failure | None = None,
) -> None:
    """Add what somebody said to the log of deliveries."""
    facts = facts_of_orders(session, [grant.id])[grant.id]
    session.add(
        GrantDelivery(
            grant_id=grant.id,
            target=grant.target,
            action=action.value,
            delivery_id=delivery_id(grant, facts, action),
            began_at=at,
            took_ms=0,
            is_done=failure is None,
            answer=answer,
            failure=failure.to_json() if failure else None,
        )
    )


@cache
def _count(*, are_all_kept: bool) -> Select[tuple[int]]:
    """Built once, as every page counts: putting a statement together takes longer than answering it."""
    some = (
        select(Grant.id)
        .join(Grant.request)
        .join(Resource, Grant.resource_id == Resource.id)
        .where(_waits(are_all_kept=are_all_kept))
        .limit(bindparam("most", type_=Integer))
    )
    return select(func.count()).select_from(some.subquery())


def _waits(*, are_all_kept: bool) -> ColumnElement[bool]:
    """What ``person_id`` is asked to do, whose role keeps all grants or not.

    The promise of a reminder keeps it in the small index of what is due.
    """
    person_id = bindparam("person_id", type_=Integer)
    is_ones_own = or_(Grant.person_id == person_id, AccessRequest.requester_id == person_id)
    is_task = and_(Grant.due_at.is_not(None), Grant.task_at.is_not(None), Grant.target.in_(LEAVES_TO_HANDS))
    waits = is_task & ~is_ones_own
    if are_all_kept:
        return waits
    mine = Resource.owner_id == person_id
    administered = Resource.workspace_id.in_(administered_workspaces(person_id))
    fallback = select(ApprovalSettings.id).where(ApprovalSettings.fallback_approver_id == person_id).exists()
    gone = select(Person.id).where(~Person.is_active)
    has_nobody = or_(
        Resource.owner_id.is_(None),
        Resource.owner_id.in_([Grant.person_id, AccessRequest.requester_id]),
        Resource.owner_id.in_(gone),
    )
    return waits & or_(mine, administered, fallback & has_nobody)
