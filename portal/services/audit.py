"""The audit trail: every change writes its entry into the commit of the change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.models import AuditEntry, Person


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something, and from which network address; ``person_id`` is empty for the portal itself."""

    person_id: int | None
    name: str
    address: str = ""


PORTAL = Actor(person_id=None, name="portal")


def actor_of(person: Person, *, address: str) -> Actor:
    """Return the actor for a signed-in person."""
    return Actor(person_id=person.id, name=person.name, address=address)


def record(
    session: Session,
    actor: Actor,
    action: str,
    *,
    at: datetime,
    subject: tuple[str, object],
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an audit entry to ``session``; the caller commits it with the change.

    ``subject`` is a kind and an id or number. ``before`` and ``after`` must not hold secrets.
    """
    session.add(
        AuditEntry(
            occurred_at=at,
            actor_id=actor.person_id,
            actor_name=actor.name,
            address=actor.address,
            action=action,
            subject_type=subject[0],
            subject_id=str(subject[1]),
            before=before,
            after=after,
        )
    )
