"""Who stands behind each approver kind, as the tables say it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.models import Absence, ApprovalSettings, Person, PersonRole, Resource, WorkspaceMember
from portal.models.person import Role
from portal.models.resource import WorkspaceRole
from portal.rules.approver_policy import ApproverKind, Candidate
from portal.rules.organisation_day import organisation_day
from portal.rules.permissions import only_reads

ROLE_OF_KIND = {
    ApproverKind.PERMISSION_ADMINISTRATOR: Role.PERMISSION_ADMINISTRATOR,
    ApproverKind.ENTERPRISE_SECURITY_ADMINISTRATOR: Role.ENTERPRISE_SECURITY_ADMINISTRATOR,
}


@dataclass(frozen=True, kw_only=True)
class ApproverCandidates:
    """What is the same for every resource, read once; ``known`` are the people behind the ids.

    ``administrators`` are those of the workspaces that were asked about.
    """

    kinds: tuple[ApproverKind, ...]
    fallback: Person | None
    holders: Mapping[Role, Sequence[Person]]
    delegates: Mapping[int, Person]
    are_local_people_asked: bool
    auditor_ids: frozenset[int] = frozenset()
    known: dict[int, Person] = field(default_factory=dict)
    administrators: dict[int, list[Person]] = field(default_factory=dict)

    def people(self, session: Session, resource: Resource) -> list[tuple[ApproverKind, list[Person]]]:
        """Return the ticked kinds in the admin's order with their people for one resource."""
        found = [(kind, self._people_of(session, kind, resource)) for kind in self.kinds]
        for _kind, people in found:
            self.known.update((each.id, each) for each in people)
        return found

    def candidate(self, person: Person) -> Candidate:
        """Return what the policy has to know about a person."""
        self.known[person.id] = person
        return Candidate(
            person_id=person.id,
            is_active=person.is_active,
            is_reachable=self.are_local_people_asked or person.is_dingtalk_person,
            is_auditor=person.id in self.auditor_ids,
        )

    def delegate_candidates(self) -> dict[int, Candidate]:
        """Return who stands in for each person on leave today."""
        return {away_id: self.candidate(delegate) for away_id, delegate in self.delegates.items()}

    def _people_of(self, session: Session, kind: ApproverKind, resource: Resource) -> list[Person]:
        if kind == ApproverKind.DATA_WORK_OWNER:
            return [resource.owner] if resource.owner else []
        if kind == ApproverKind.WORKSPACE_ADMINISTRATOR:
            return self._administrators_of(session, resource.workspace_id)
        return list(self.holders.get(ROLE_OF_KIND[kind], ()))

    def _administrators_of(self, session: Session, workspace_id: int | None) -> list[Person]:
        if workspace_id is None:
            return []
        if workspace_id not in self.administrators:
            self.administrators[workspace_id] = workspace_administrators(session, workspace_id)
        return self.administrators[workspace_id]


def read_candidates(
    session: Session,
    *,
    at: datetime,
    channel: ChannelName | None = None,
    kinds: Sequence[ApproverKind] | None = None,
) -> ApproverCandidates:
    """Read the admin's choices, role holders and absences.

    ``channel`` is that of new requests and ``kinds`` are the ticked ones where not given.
    """
    settings = session.get(ApprovalSettings, 1)
    kinds = ticked_kinds(settings) if kinds is None else tuple(kinds)
    held = _held_roles(session)
    return ApproverCandidates(
        kinds=kinds,
        fallback=settings.fallback_approver if settings else None,
        holders=_holders(held, [ROLE_OF_KIND[kind] for kind in kinds if kind in ROLE_OF_KIND]),
        auditor_ids=_auditor_ids(held),
        delegates=_delegates(session, at),
        are_local_people_asked=(channel or _channel_now(settings)) == ChannelName.IN_PLATFORM,
    )


def ticked_kinds(settings: ApprovalSettings | None) -> tuple[ApproverKind, ...]:
    """Return the kinds that are asked, in the admin's order; before the first save, owners alone."""
    if settings is None or settings.approver_kinds is None:
        return (ApproverKind.DATA_WORK_OWNER,)
    return tuple(ApproverKind(kind) for kind in settings.approver_kinds)


def workspace_administrators(session: Session, workspace_id: int) -> list[Person]:
    """Return a workspace's administrators, those longest in office first."""
    members = (
        select(WorkspaceMember)
        .filter_by(workspace_id=workspace_id, role=WorkspaceRole.ADMINISTRATOR)
        .order_by(WorkspaceMember.given_at, WorkspaceMember.person_id)
    )
    return [member.person for member in session.scalars(members)]


def _held_roles(session: Session) -> list[tuple[str, Person]]:
    """Everybody with a role: few people, read in one statement, those longest in office first."""
    held = (
        select(PersonRole.role, Person)
        .join(Person, PersonRole.person_id == Person.id)
        .order_by(PersonRole.given_at, Person.id)
    )
    return [(role, person) for role, person in session.execute(held)]


def _holders(held: Sequence[tuple[str, Person]], roles: Iterable[Role]) -> dict[Role, list[Person]]:
    return {wanted: [person for role, person in held if role == wanted] for wanted in roles}


def _auditor_ids(held: Sequence[tuple[str, Person]]) -> frozenset[int]:
    roles: dict[int, list[str]] = {}
    for role, person in held:
        roles.setdefault(person.id, []).append(role)
    return frozenset(person_id for person_id, theirs in roles.items() if only_reads(theirs))


def _delegates(session: Session, at: datetime) -> dict[int, Person]:
    today = organisation_day(at)
    away = select(Absence).where(Absence.starts_on <= today, Absence.ends_on >= today)
    return {absence.person_id: absence.delegate for absence in session.scalars(away)}


def _channel_now(settings: ApprovalSettings | None) -> ChannelName:
    """As ``channel_for_new_requests``, but a preview is possible while approval is off."""
    if settings is None or not settings.is_in_platform_channel_on:
        return ChannelName.DINGTALK
    is_dingtalk = settings.is_dingtalk_channel_on and not settings.prefers_in_platform
    return ChannelName.DINGTALK if is_dingtalk else ChannelName.IN_PLATFORM
