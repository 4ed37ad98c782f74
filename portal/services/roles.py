"""Giving and taking roles: by organization admins, or on the server by whoever runs the portal."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.models import Person, PersonRole
from portal.models.person import Role
from portal.rules.permissions import Permission
from portal.services.audit import Actor, record
from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.permissions import require


@dataclass(frozen=True, kw_only=True)
class Roles:
    """``admin`` is who gives or takes; None stands for the command line of the server."""

    clock: Clock

    def give(self, actor: Actor, admin: Person | None, *, person_id: int, role: Role) -> None:
        """Give somebody a role; once they have it, again changes nothing. Raises ``NotAllowed``, ``NotThere``."""
        with transaction() as session:
            person = self._person(session, admin, person_id)
            if any(held.role == role for held in person.roles):
                return
            person.roles.append(PersonRole(role=role, given_at=self.clock.now()))
            self._record(session, actor, "role.given", person=person, role=role)

    def take(self, actor: Actor, admin: Person | None, *, person_id: int, role: Role) -> None:
        """Take a role away; what somebody does not have stays so.

        Raises ``NotAllowed``, ``NotThere``, and ``Problem(LAST_ADMIN)`` for the last active organization admin.
        """
        with transaction() as session:
            person = self._person(session, admin, person_id)
            held = next((each for each in person.roles if each.role == role), None)
            if held is None:
                return
            if role == Role.ORGANIZATION_ADMIN and not _has_other_admin(session, person_id):
                raise Problem(ProblemReason.LAST_ADMIN)
            person.roles.remove(held)
            self._record(session, actor, "role.taken", person=person, role=role)

    def _person(self, session: Session, admin: Person | None, person_id: int) -> Person:
        if admin is not None:
            # Read again: the role may have been taken since the request began.
            require(session.get_one(Person, admin.id), Permission.GIVE_ROLES)
        person = session.get(Person, person_id)
        if person is None:
            raise NotThere
        return person

    def _record(self, session: Session, actor: Actor, action: str, *, person: Person, role: Role) -> None:
        told = {"role": role.value, "name": person.name}
        is_given = action == "role.given"
        record(
            session,
            actor,
            action,
            at=self.clock.now(),
            subject=("person", person.id),
            before=None if is_given else told,
            after=told if is_given else None,
        )


def _has_other_admin(session: Session, person_id: int) -> bool:
    """Whether an active admin is left; the rows stay locked, so that two admins cannot take each other's role."""
    admins = (
        select(Person.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.role == Role.ORGANIZATION_ADMIN, Person.is_active)
        .order_by(Person.id)
        .with_for_update()
    )
    return any(each != person_id for each in session.scalars(admins))
