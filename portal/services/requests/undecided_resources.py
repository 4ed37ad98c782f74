"""Resources about which nobody could decide, whoever asks: counted and listed before anybody runs into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.extensions import db
from portal.models import Person, Resource, WorkspaceMember
from portal.models.resource import WorkspaceRole
from portal.rules.approver_policy import ApproverKind, Asking, Nobody, who_can_decide
from portal.services.requests.approver_candidates import ApproverCandidates, read_candidates

# Nobody has this id: what is looked for does not depend on who asks.
_ANYBODY = Asking(requester_id=0, grantee_id=0)


@dataclass(frozen=True, kw_only=True)
class UndecidedResources:
    """Looks through the catalogue in the database: it may hold many thousand rows."""

    clock: Clock

    def count(self, *, kinds: Sequence[ApproverKind] | None = None) -> int:
        """Return how many resources that can be asked for have nobody who decides, by these kinds or the ticked."""
        session = db.session()
        found = session.scalar(select(func.count(Resource.id)).where(self._is_undecided(session, kinds)))
        return found or 0

    def some(self, *, limit: int, after_id: int = 0) -> list[Resource]:
        """Return the first of them in the order of their ids, from after ``after_id`` on."""
        session = db.session()
        wanted = select(Resource).where(self._is_undecided(session), Resource.id > after_id)
        return list(session.scalars(wanted.order_by(Resource.id).limit(limit)))

    def _is_undecided(
        self, session: Session, kinds: Sequence[ApproverKind] | None = None
    ) -> ColumnElement[bool]:
        candidates = read_candidates(session, at=self.clock.now(), kinds=kinds)
        everywhere = [person for held in candidates.holders.values() for person in held]
        if candidates.fallback is not None:
            everywhere.append(candidates.fallback)
        if any(_can_decide(candidates, person) for person in everywhere):
            return false()
        ways = [_by_owner(candidates)] if ApproverKind.DATA_WORK_OWNER in candidates.kinds else []
        if ApproverKind.WORKSPACE_ADMINISTRATOR in candidates.kinds:
            ways.append(_by_workspace(candidates))
        return and_(Resource.gone_at.is_(None), ~or_(false(), *ways))


def _by_owner(candidates: ApproverCandidates) -> ColumnElement[bool]:
    return and_(
        Resource.owner_id.is_not(None),
        Resource.owner_id.in_(select(Person.id).where(_is_there(candidates))),
    )


def _by_workspace(candidates: ApproverCandidates) -> ColumnElement[bool]:
    administered = (
        select(WorkspaceMember.workspace_id)
        .join(Person, WorkspaceMember.person_id == Person.id)
        .where(WorkspaceMember.role == WorkspaceRole.ADMINISTRATOR, _is_there(candidates))
    )
    return and_(Resource.workspace_id.is_not(None), Resource.workspace_id.in_(administered))


def _is_there(candidates: ApproverCandidates) -> ColumnElement[bool]:
    """As the policy judges a person: in the organisation, within reach, not on leave without anybody instead."""
    out = {*_unfilled(candidates, candidates.delegates), *candidates.auditor_ids}
    conditions = [Person.is_active, Person.id.not_in(out)]
    if not candidates.are_local_people_asked:
        conditions.append(Person.user_id.is_not(None))
    return and_(*conditions)


def _unfilled(candidates: ApproverCandidates, away_ids: Iterable[int]) -> Iterable[int]:
    people = {
        each.id: each for each in db.session.scalars(select(Person).where(Person.id.in_(list(away_ids))))
    }
    return [each.id for each in people.values() if not _can_decide(candidates, each)]


def _can_decide(candidates: ApproverCandidates, person: Person) -> bool:
    found = who_can_decide(
        _ANYBODY,
        people=[(ApproverKind.DATA_WORK_OWNER, [candidates.candidate(person)])],
        fallback=None,
        delegates=candidates.delegate_candidates(),
    )
    return not isinstance(found, Nobody)
