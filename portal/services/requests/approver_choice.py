"""Who can decide about a resource for one requester, with what the directory knows now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.extensions import db
from portal.models import Person, Resource
from portal.rules.approver_policy import (
    ApproverKind,
    Asking,
    Choice,
    ChoiceReason,
    Nobody,
    who_can_decide,
)
from portal.services.people import FRESH_FOR, People
from portal.services.requests.approver_candidates import ApproverCandidates, read_candidates

# People who are offered beside the default are asked about less often: every question counts against the quota.
OTHERS_FRESH_FOR = timedelta(days=1)
MOST_REFRESHED = 12


@dataclass(frozen=True, kw_only=True)
class PossibleApprover:
    """Somebody who can decide: by which kind (``None``: fallback), why, and who on leave they stand in for."""

    person: Person
    kind: ApproverKind | None
    reason: ChoiceReason
    stands_in_for: Person | None


@dataclass(frozen=True, kw_only=True)
class WhoDecides:
    """All who can decide, the default first, in the admin's order of kinds; or why nobody can."""

    candidates: tuple[PossibleApprover, ...]
    nobody: Nobody | None

    @property
    def default(self) -> PossibleApprover | None:
        """Who decides unless the requester chooses somebody else of the candidates."""
        return self.candidates[0] if self.candidates else None

    def of(self, person_id: int | None) -> PossibleApprover | None:
        """Return the candidate who is this person, or None when they cannot decide."""
        return next((each for each in self.candidates if each.person.id == person_id), None)

    def after(self, kind: ApproverKind | None, *, asked: Collection[int]) -> tuple[PossibleApprover, ...]:
        """Return the candidates of the kinds that come after ``kind``, without those already ``asked``."""
        kinds = list(dict.fromkeys(each.kind for each in self.candidates))
        later = kinds[kinds.index(kind) + 1 :] if kind in kinds else kinds
        return tuple(each for each in self.candidates if each.kind in later and each.person.id not in asked)


@dataclass(frozen=True, kw_only=True)
class ApproverChoices:
    """Chooses approvers; asks DingTalk whether they are still there when that is not known freshly."""

    people: People

    def refresh_all(self, resource_ids: Collection[int], *, asking: Asking) -> ApproverCandidates:
        """Ask DingTalk about everybody who could decide about any of these resources, the defaults last.

        Nothing is asked about whom it told of lately. Ends at the first question that DingTalk does not answer: what
        is known stays, and the start asks again. Returns the candidates as they are known then.
        """
        session = db.session()
        candidates = read_candidates(session, at=self.people.clock.now())
        resources = [session.get_one(Resource, each) for each in resource_ids]
        stale = self._stale(session, candidates, resources)
        defaults = [decide_among(session, candidates, asking, each).default for each in resources]
        if not stale and all(each is None or self.people.is_fresh(each.person) for each in defaults):
            return candidates
        self._ask(stale, resource_ids, asking)
        return read_candidates(db.session(), at=self.people.clock.now())

    def _ask(self, stale: Mapping[int, timedelta], resource_ids: Collection[int], asking: Asking) -> None:
        for person_id, max_age in stale.items():
            if not self.people.refresh(person_id, max_age=max_age):
                return
        for resource_id in resource_ids:
            if not self._refresh_default(resource_id, asking):
                return

    def _stale(
        self, session: Session, candidates: ApproverCandidates, resources: Sequence[Resource]
    ) -> dict[int, timedelta]:
        """Return who of those who could decide has to be asked about, by how old an answer may be."""
        concerned: dict[int, timedelta] = {}
        if candidates.fallback is not None:
            candidates.known[candidates.fallback.id] = candidates.fallback
            concerned[candidates.fallback.id] = FRESH_FOR
        for resource in resources:
            for kind, people in candidates.people(session, resource):
                max_age = FRESH_FOR if kind == ApproverKind.DATA_WORK_OWNER else OTHERS_FRESH_FOR
                for person in people:
                    concerned[person.id] = min(max_age, concerned.get(person.id, max_age))
        return {
            person_id: max_age
            for person_id, max_age in list(concerned.items())[:MOST_REFRESHED]
            if not self.people.is_fresh(candidates.known[person_id], max_age=max_age)
        }

    def _refresh_default(self, resource_id: int, asking: Asking) -> bool:
        """Ask about whoever would decide, and about the next one where they have left."""
        for _ in range(MOST_REFRESHED):
            session = db.session()
            candidates = read_candidates(session, at=self.people.clock.now())
            found = decide_among(session, candidates, asking, session.get_one(Resource, resource_id))
            if found.default is None:
                return True
            default_id = found.default.person.id
            if not self.people.refresh(default_id):
                return False
            if db.session.get_one(Person, default_id).is_active:
                return True
        return True


def who_decides(
    session: Session,
    *,
    requester_id: int,
    grantee_id: int,
    resource: Resource,
    at: datetime,
    channel: ChannelName | None = None,
) -> WhoDecides:
    """Apply the policy to what the database knows now, inside whatever transaction is open.

    ``at`` says who is on leave; ``channel`` bounds who can be reached, that of new requests when not given.
    """
    asking = Asking(requester_id=requester_id, grantee_id=grantee_id)
    return decide_among(session, read_candidates(session, at=at, channel=channel), asking, resource)


def decide_among(
    session: Session, candidates: ApproverCandidates, asking: Asking, resource: Resource
) -> WhoDecides:
    """Apply the policy for one resource; ``candidates`` are read once for all resources of a form."""
    people = candidates.people(session, resource)
    found = who_can_decide(
        asking,
        people=[(kind, [candidates.candidate(each) for each in of_kind]) for kind, of_kind in people],
        fallback=candidates.candidate(candidates.fallback) if candidates.fallback else None,
        delegates=candidates.delegate_candidates(),
    )
    if isinstance(found, Nobody):
        return WhoDecides(candidates=(), nobody=found)
    return WhoDecides(candidates=tuple(_possible(candidates, choice) for choice in found), nobody=None)


def _possible(candidates: ApproverCandidates, choice: Choice) -> PossibleApprover:
    away_id = choice.stands_in_for_id
    return PossibleApprover(
        person=candidates.known[choice.person_id],
        kind=choice.kind,
        reason=choice.reason,
        stands_in_for=candidates.known[away_id] if away_id is not None else None,
    )
