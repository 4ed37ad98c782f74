"""People: remembered from DingTalk's directory, and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.channels.dingtalk.people import DingTalkPeople
from portal.channels.directory import FoundPerson
from portal.channels.failures import ChannelError
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Person, PersonRole
from portal.models.person import Role
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault

log = structlog.get_logger(__name__)

FRESH_FOR = timedelta(minutes=10)
# What pickers send for people who are not in the directory, before our id: no DingTalk userid holds a colon.
LOCAL = "local:"


@dataclass(frozen=True, kw_only=True)
class People:
    """Finds people and keeps what is known about them."""

    clock: Clock
    directory: DingTalkPeople

    def search(self, query: str) -> tuple[FoundPerson, ...]:
        """Find active people in DingTalk by a part of their name; raises ``ChannelError``."""
        return self.directory.search(query.strip()) if query.strip() else ()

    def department_names(self, department_ids: Sequence[int]) -> dict[int, str]:
        """Return the departments' names where there is a choice; those DingTalk does not tell are left out."""
        names: dict[int, str] = {}
        for department_id in department_ids if len(department_ids) > 1 else ():
            try:
                names[department_id] = self.directory.department_name(department_id)
            except ChannelError as error:
                log.warning("directory.failed", **error.failure.told)
        return names

    def remember(self, user_id: str) -> int:
        """Read somebody from the directory, keep them and return our id; people of local sign-ins are known.

        Raises ``FieldFault`` when the organisation has nobody active of that id, ``ChannelError``.
        """
        if user_id.startswith(LOCAL):
            return _local_person(user_id.removeprefix(LOCAL))
        found = self.directory.find(user_id)
        if found is None or not found.is_active:
            raise FieldFault("person", "not_in_organisation")
        with transaction() as session:
            return keep_person(session, found, clock=self.clock).id

    def remember_anybody(self, user_id: str) -> None:
        """Keep somebody met in an approval, whether still active or not; raises ``ChannelError``."""
        found = self.directory.find(user_id)
        if found is not None:
            with transaction() as session:
                keep_person(session, found, clock=self.clock)

    def is_fresh(self, person: Person, *, max_age: timedelta = FRESH_FOR) -> bool:
        """Whether nothing would be learned by ``refresh``: asked about within ``max_age``, or not in there."""
        if person.user_id is None:
            return True
        return person.refreshed_at is not None and self.clock.now() - person.refreshed_at < max_age

    def refresh(self, person_id: int, *, max_age: timedelta = FRESH_FOR) -> bool:
        """Ask the directory again about somebody not asked about for ``max_age``.

        Returns False when DingTalk cannot be reached: what is known stays, and the start asks again.
        """
        person = db.session.get(Person, person_id)
        if person is None or person.user_id is None or self.is_fresh(person, max_age=max_age):
            return True
        user_id = person.user_id
        db.session.rollback()
        try:
            found = self.directory.find(user_id)
        except ChannelError:
            return False
        with transaction() as session:
            if found is not None:
                keep_person(session, found, clock=self.clock)
                return True
            gone = session.get_one(Person, person_id)
            gone.is_active = False
            gone.refreshed_at = self.clock.now()
        return True

    def grant_role(self, actor: Actor, *, corp_id: str, user_id: str, role: Role, name: str = "") -> Person:
        """Give a DingTalk person a role, also before they first sign in."""
        with transaction() as session:
            person = session.scalar(select(Person).filter_by(corp_id=corp_id, user_id=user_id))
            if person is None:
                person = Person(
                    corp_id=corp_id,
                    user_id=user_id,
                    name=name or user_id,
                    departments=[],
                    created_at=self.clock.now(),
                )
                session.add(person)
                session.flush()
            if all(held.role != role for held in person.roles):
                person.roles.append(PersonRole(role=role, given_at=self.clock.now()))
                record(
                    session,
                    actor,
                    "role.given",
                    at=self.clock.now(),
                    subject=("person", person.id),
                    after={"role": role, "name": person.name},
                )
        return person


def _local_person(typed_id: str) -> int:
    if typed_id.isascii() and typed_id.isdecimal() and len(typed_id) < 10:
        person = db.session.get(Person, int(typed_id))
        if person is not None and person.is_active and not person.is_dingtalk_person:
            return person.id
    raise FieldFault("person", "not_in_organisation")


def keep_person(session: Session, found: FoundPerson, *, clock: Clock) -> Person:
    """Insert or update the row of somebody the directory just told us about."""
    theirs = select(Person).filter_by(corp_id=found.corp_id, user_id=found.user_id)
    person = session.scalar(theirs)
    if person is None:
        person = Person(corp_id=found.corp_id, user_id=found.user_id, created_at=clock.now())
        _tell(person, found, clock=clock)
        try:
            with session.begin_nested():
                session.add(person)
        except IntegrityError:
            # Somebody else met them for the first time at the same moment (PostgreSQL).
            person = session.scalars(theirs).one()
    _tell(person, found, clock=clock)
    session.flush()
    return person


def _tell(person: Person, found: FoundPerson, *, clock: Clock) -> None:
    person.name = found.name
    person.union_id = found.union_id
    person.is_active = found.is_active
    person.departments = list(found.department_ids)
    person.refreshed_at = clock.now()
