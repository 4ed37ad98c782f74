"""The people whom the portal knows, with their roles, and since when and by whom they have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import selectinload

from portal.extensions import db
from portal.models import (
    AuditEntry,
    DingTalkApp,
    LocalCredential,
    Person,
    PersonRole,
    Workspace,
    WorkspaceMember,
)
from portal.services.faults import NotThere
from portal.services.text_search import holds

MOST_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class GivenRole:
    """A role somebody has; ``given_by`` is empty where the audit trail does not tell."""

    role: str
    given_at: datetime
    given_by: str


@dataclass(frozen=True, kw_only=True)
class KnownPerson:
    """One person as the People page shows them; ``username`` is that of a local sign-in."""

    person: Person
    roles: tuple[GivenRole, ...]
    username: str
    memberships: tuple[tuple[Workspace, WorkspaceMember], ...]


class KnownPeople:
    """Reads; nothing here changes anybody."""

    def search(self, text: str, *, with_roles_only: bool) -> Sequence[Person]:
        """Return at most 50 people by name whose name or user id holds ``text``; those with roles if wanted."""
        wanted = select(Person).options(selectinload(Person.roles)).order_by(Person.name, Person.id)
        if text:
            wanted = wanted.where(or_(holds(Person.name, text), holds(Person.user_id, text)))
        if with_roles_only:
            wanted = wanted.where(exists().where(PersonRole.person_id == Person.id))
        return db.session.scalars(wanted.limit(MOST_SHOWN)).all()

    def local(self, text: str, *, limit: int = 8) -> Sequence[Person]:
        """Return active people who sign in here by name and password, by a part of their name."""
        wanted = (
            select(Person)
            .join(LocalCredential, LocalCredential.person_id == Person.id)
            .where(Person.is_active, holds(Person.name, text))
        )
        return db.session.scalars(wanted.order_by(Person.name).limit(limit)).all()

    def id_of(self, name: str) -> int | None:
        """Return who signs in with this DingTalk userid or local user name; None for nobody we know."""
        bound = select(DingTalkApp.corp_id).where(DingTalkApp.id == 1).scalar_subquery()
        there = select(Person.id).where(Person.user_id == name, Person.corp_id == bound)
        here = select(LocalCredential.person_id).filter_by(username=name)
        return db.session.scalar(there) or db.session.scalar(here)

    def view(self, person_id: int) -> KnownPerson:
        """Return one person; raises ``NotThere``."""
        person = db.session.get(Person, person_id)
        if person is None:
            raise NotThere
        memberships = (
            select(Workspace, WorkspaceMember)
            .join(WorkspaceMember, WorkspaceMember.workspace_id == Workspace.id)
            .where(WorkspaceMember.person_id == person_id)
            .order_by(Workspace.name)
        )
        username = db.session.scalar(select(LocalCredential.username).filter_by(person_id=person_id))
        return KnownPerson(
            person=person,
            roles=_given(person),
            username=username or "",
            memberships=tuple((workspace, member) for workspace, member in db.session.execute(memberships)),
        )


def _given(person: Person) -> tuple[GivenRole, ...]:
    told = (
        select(AuditEntry)
        .filter_by(subject_type="person", subject_id=str(person.id), action="role.given")
        .order_by(AuditEntry.id)
    )
    givers = {(entry.after or {}).get("role"): entry.actor_name for entry in db.session.scalars(told)}
    return tuple(
        GivenRole(role=held.role, given_at=held.given_at, given_by=givers.get(held.role, ""))
        for held in sorted(person.roles, key=lambda held: held.role)
    )
