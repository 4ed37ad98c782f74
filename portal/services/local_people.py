"""People whom DingTalk does not know: they sign in with a password, ask, decide and own resources like others."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import LocalCredential, Person, PersonRole, SignInSession
from portal.models.person import Role
from portal.rules.permissions import Permission
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, NotThere
from portal.services.permissions import require
from portal.services.sign_in import SHORTEST_PASSWORD, SignIns, token_hash

LONGEST_NAME = 64
_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
# 16 letters and digits of a random password: about 95 bits.
PASSWORD_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class AddedPerson:
    """Somebody added, and the password that is shown this once; only its hash is kept."""

    person_id: int
    password: str


@dataclass(frozen=True, kw_only=True)
class LocalPeople:
    """Adds local people, gives them new passwords and lets them choose their own.

    ``admin`` is who asks for it; None is the server's command.
    """

    clock: Clock
    sign_ins: SignIns

    def add(
        self,
        actor: Actor,
        *,
        admin: Person | None,
        username: str,
        name: str = "",
        roles: Collection[Role] = (),
        password: str | None = None,
    ) -> AddedPerson:
        """Add somebody who signs in with ``username``; without ``password`` one is made up.

        Raises ``NotAllowed`` without ``GIVE_ROLES``, ``FieldFault``: ``("username", "shape")``, ``("username",
        "taken")``, ``("person_name", "length")`` or ``("password", "too_short")``.
        """
        if admin is not None:
            require(admin, Permission.GIVE_ROLES)
        username, name = username.strip(), name.strip() or username.strip()
        _check(username=username, name=name)
        password, hashed = self._hashed(password)
        try:
            with transaction() as session:
                person = self._add(session, actor, username=username, name=name, roles=roles, hashed=hashed)
                return AddedPerson(person_id=person.id, password=password)
        except IntegrityError as error:
            raise FieldFault("username", "taken") from error

    def new_password(
        self, actor: Actor, *, admin: Person | None, person_id: int, password: str | None = None
    ) -> AddedPerson:
        """Give a local person a new password, end their sessions and let them try again at once.

        Raises ``NotAllowed``, ``NotThere`` for who has none, and ``FieldFault`` for one that is too short.
        """
        if admin is not None:
            require(admin, Permission.GIVE_ROLES)
        password, hashed = self._hashed(password)
        with transaction() as session:
            credential = session.get(LocalCredential, person_id)
            if credential is None:
                raise NotThere
            credential.password_hash, credential.locked_until = hashed, None
            credential.failed_attempts = 0
            session.execute(delete(SignInSession).filter_by(person_id=person_id))
            record(
                session,
                actor,
                "local_person.password_set",
                at=self.clock.now(),
                subject=("person", person_id),
            )
        return AddedPerson(person_id=person_id, password=password)

    def username_of(self, person: Person) -> str:
        """Return the user name by which somebody signs in; raises ``NotThere`` for who has no password here."""
        credential = db.session.get(LocalCredential, person.id)
        if credential is None:
            raise NotThere
        return credential.username

    def change_own_password(
        self, actor: Actor, person: Person, *, current: str, wanted: str, token: str
    ) -> None:
        """Replace one's own password and end one's sessions, but for the one of ``token``.

        Wrong tries lock the account as they do at sign-in. Raises ``NotThere`` for who has no password here, and
        ``FieldFault``: ``("password", "too_short")``, or ``("current_password", …)`` with ``wrong``, ``locked``.
        """
        person_id, username = person.id, self.username_of(person)
        try:
            compared = self.sign_ins.check_password(username, current)
        except FieldFault as fault:
            raise FieldFault("current_password", fault.reason) from None
        _, hashed = self._hashed(wanted)
        with transaction() as session:
            credential = session.get(LocalCredential, person_id, with_for_update=True)
            if credential is None or credential.password_hash != compared:
                # An admin gave them a new one in the meantime: the old one is worth nothing any more.
                raise FieldFault("current_password", "wrong")
            credential.password_hash, credential.locked_until = hashed, None
            credential.failed_attempts = 0
            theirs = delete(SignInSession).filter_by(person_id=person_id)
            session.execute(theirs.where(SignInSession.token_hash != token_hash(token)))
            subject = ("person", person_id)
            record(session, actor, "local_person.password_changed", at=self.clock.now(), subject=subject)

    def _hashed(self, password: str | None) -> tuple[str, str]:
        chosen = secrets.token_urlsafe(PASSWORD_BYTES) if password is None else password
        if len(chosen) < SHORTEST_PASSWORD:
            raise FieldFault("password", "too_short")
        with self.sign_ins.hashing:
            return chosen, self.sign_ins.hasher.hash(chosen)

    def _add(
        self,
        session: Session,
        actor: Actor,
        *,
        username: str,
        name: str,
        roles: Collection[Role],
        hashed: str,
    ) -> Person:
        if session.scalar(select(LocalCredential.person_id).filter_by(username=username)) is not None:
            raise FieldFault("username", "taken")
        now = self.clock.now()
        person = Person(name=name, departments=[], created_at=now)
        person.roles = [PersonRole(role=role, given_at=now) for role in sorted(set(roles))]
        session.add(LocalCredential(username=username, person=person, password_hash=hashed))
        session.flush()
        record(
            session,
            actor,
            "local_person.added",
            at=now,
            subject=("person", person.id),
            after={"username": username, "name": name, "roles": sorted(set(roles))},
        )
        return person


def _check(*, username: str, name: str) -> None:
    if not _USERNAME.fullmatch(username):
        raise FieldFault("username", "shape")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise FieldFault("person_name", "length")
