"""Who decides about a resource for one requester, with what the directory knows now."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.extensions import db
from portal.models import ApprovalSettings, Person, Resource
from portal.rules.approver_policy import Candidate, Choice, ChoiceReason, Nobody, choose_approver
from portal.services.people import People


@dataclass(frozen=True, kw_only=True)
class ApproverPreview:
    """What the requester sees before submitting: the approver and why, or why nobody can decide."""

    approver: Person | None
    reason: ChoiceReason | None
    nobody: Nobody | None


@dataclass(frozen=True, kw_only=True)
class ApproverChoices:
    """Chooses approvers; asks DingTalk whether they are still there when that is not known freshly."""

    people: People

    def preview(self, *, requester_id: int, resource_id: int) -> ApproverPreview:
        """Return who would decide. May ask DingTalk (short); never fails because DingTalk is down."""
        self.refresh(resource_id)
        return decide(requester_id=requester_id, resource=db.session.get_one(Resource, resource_id))

    def refresh(self, resource_id: int) -> None:
        """Make sure that it is known freshly whether those who could decide are still there, as ``preview`` does."""
        for person_id in self._candidate_ids(resource_id):
            self.people.refresh(person_id)

    def _candidate_ids(self, resource_id: int) -> list[int]:
        resource = db.session.get_one(Resource, resource_id)
        fallback_id = db.session.scalar(select(ApprovalSettings.fallback_approver_id))
        return [each for each in (resource.owner_id, fallback_id) if each is not None]


def decide(*, requester_id: int, resource: Resource) -> ApproverPreview:
    """Apply the policy to what the database knows now, inside whatever transaction is open."""
    settings = db.session.get(ApprovalSettings, 1)
    fallback = settings.fallback_approver if settings else None
    verdict = choose_approver(
        requester_id=requester_id, owner=_candidate(resource.owner), fallback=_candidate(fallback)
    )
    if isinstance(verdict, Choice):
        approver = db.session.get_one(Person, verdict.person_id)
        return ApproverPreview(approver=approver, reason=verdict.reason, nobody=None)
    return ApproverPreview(approver=None, reason=None, nobody=verdict)


def _candidate(person: Person | None) -> Candidate | None:
    if person is None or not person.is_dingtalk_person:
        return None
    return Candidate(person_id=person.id, is_active=person.is_active)
