"""Sign-in and sign-out: rows on the server, a random token in the browser."""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Select, bindparam, delete, select
from sqlalchemy.orm import Session, joinedload

from portal.channels.dingtalk.people import DingTalkPeople
from portal.channels.directory import FoundPerson
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import LocalCredential, Person, PersonRole, SignInSession
from portal.models.person import Role
from portal.services.audit import Actor, actor_of, record
from portal.services.faults import FieldFault
from portal.services.people import keep_person

SESSION_LASTS = timedelta(hours=12)
TOKEN_BYTES = 32
ATTEMPTS_BEFORE_LOCK = 5
LOCK_LASTS = timedelta(minutes=15)
SHORTEST_PASSWORD = 12
ARGON2_KIB = 19456


@cache
def _signed_in() -> Select[tuple[SignInSession]]:
    """Built once, as everything asks: putting a statement together takes longer than answering it."""
    roles = joinedload(SignInSession.person).joinedload(Person.roles)
    return select(SignInSession).where(SignInSession.token_hash == bindparam("token_hash")).options(roles)


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Where a sign-in comes from."""

    address: str
    user_agent: str


@dataclass(frozen=True, kw_only=True)
class SignIns:
    """Opens and ends sign-in sessions."""

    clock: Clock
    people: DingTalkPeople
    hasher: PasswordHasher = field(
        default_factory=lambda: PasswordHasher(time_cost=2, memory_cost=ARGON2_KIB, parallelism=1)
    )
    # Argon2 takes 19 MiB a time; more than two at once would be a way to exhaust memory.
    hashing: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(2))

    def with_dingtalk(self, code: str, *, browser: Browser) -> str:
        """Sign in the person behind DingTalk's ``code`` and return the session token.

        Raises ``SignInRefused`` and ``ChannelError``.
        """
        return self._admit(self.people.sign_in(code), browser, "dingtalk")

    def inside_dingtalk(self, code: str, *, browser: Browser) -> str:
        """Sign in the person whose DingTalk client gave ``code`` to a page, and return the session token.

        The same people are admitted as by ``with_dingtalk``. Raises ``SignInRefused`` and ``ChannelError``.
        """
        return self._admit(self.people.sign_in_inside(code), browser, "dingtalk_client")

    def with_password(self, username: str, password: str, *, browser: Browser) -> str:
        """Sign in a local admin; raises ``FieldFault`` with ``wrong`` or ``locked``, telling nothing else."""
        self.check_password(username, password)
        with transaction() as session:
            credential = session.scalars(select(LocalCredential).filter_by(username=username)).one()
            credential.failed_attempts, credential.locked_until = 0, None
            return self._open(session, credential.person, browser, "password")

    def check_password(self, username: str, password: str) -> str | None:
        """Return the stored hash that a password was compared with; failures count towards the lock.

        Raises ``FieldFault`` with ``wrong`` or ``locked``.
        """
        with transaction() as session:
            credential = session.scalar(select(LocalCredential).filter_by(username=username))
            if credential and credential.locked_until and credential.locked_until > self.clock.now():
                raise FieldFault("password", "locked")
            stored = credential.password_hash if credential else None
        if not self._matches(stored, password):
            self._count_failure(username)
            raise FieldFault("password", "wrong")
        return stored

    def person_of(self, token: str) -> Person | None:
        """Return who is signed in with this token, or None when it is unknown or over."""
        row = db.session.scalar(_signed_in(), {"token_hash": token_hash(token)})
        if row is None or row.expires_at <= self.clock.now() or not row.person.is_active:
            return None
        return row.person

    def has_local_admins(self) -> bool:
        """Whether anybody can sign in with a password."""
        return db.session.scalar(select(LocalCredential.person_id).limit(1)) is not None

    def sign_out(self, token: str, *, actor: Actor) -> None:
        """End the session; the token is worth nothing afterwards."""
        with transaction() as session:
            session.execute(delete(SignInSession).filter_by(token_hash=token_hash(token)))
            record(session, actor, "signed_out", at=self.clock.now(), subject=("person", actor.person_id))

    def add_local_admin(self, username: str, password: str, *, actor: Actor) -> Person:
        """Create a local organization admin, or give an existing one a new password (ending their sessions)."""
        if len(password) < SHORTEST_PASSWORD:
            raise FieldFault("password", "too_short")
        hashed = self.hasher.hash(password)
        with transaction() as session:
            credential = session.scalar(select(LocalCredential).filter_by(username=username))
            if credential is None:
                person = Person(name=username, departments=[], created_at=self.clock.now())
                person.roles.append(PersonRole(role=Role.ORGANIZATION_ADMIN, given_at=self.clock.now()))
                credential = LocalCredential(username=username, person=person, password_hash=hashed)
                session.add(credential)
                session.flush()
            credential.password_hash, credential.locked_until = hashed, None
            credential.failed_attempts = 0
            session.execute(delete(SignInSession).filter_by(person_id=credential.person_id))
            record(
                session,
                actor,
                "local_admin.saved",
                at=self.clock.now(),
                subject=("person", credential.person_id),
                after={"username": username},
            )
            return credential.person

    def _admit(self, found: FoundPerson, browser: Browser, method: str) -> str:
        with transaction() as session:
            person = keep_person(session, found, clock=self.clock)
            return self._open(session, person, browser, method)

    def _open(self, session: Session, person: Person, browser: Browser, method: str) -> str:
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self.clock.now()
        session.execute(delete(SignInSession).where(SignInSession.expires_at <= now))
        session.add(
            SignInSession(
                token_hash=token_hash(token),
                person_id=person.id,
                created_at=now,
                expires_at=now + SESSION_LASTS,
                address=browser.address[:64],
                user_agent=browser.user_agent[:200],
            )
        )
        record(
            session,
            actor_of(person, address=browser.address),
            "signed_in",
            at=now,
            subject=("person", person.id),
            after={"with": method},
        )
        return token

    def _matches(self, stored: str | None, password: str) -> bool:
        with self.hashing:
            if stored is None:
                self.hasher.hash(password)  # the answer must take as long as for a known name
                return False
            try:
                return self.hasher.verify(stored, password)
            except VerificationError:
                return False

    def _count_failure(self, username: str) -> None:
        with transaction() as session:
            credential = session.scalar(select(LocalCredential).filter_by(username=username))
            if credential is None:
                return
            credential.failed_attempts += 1
            if credential.failed_attempts >= ATTEMPTS_BEFORE_LOCK:
                credential.locked_until = self.clock.now() + LOCK_LASTS
                credential.failed_attempts = 0


def token_hash(token: str) -> str:
    """Return under what a session's random token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()
