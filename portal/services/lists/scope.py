"""Who sees what of everybody's: all of it, or what stands in the workspaces that they administer."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Integer, Select, bindparam
from sqlalchemy.orm import Session

from portal.models import Person, WorkspaceMember
from portal.rules.permissions import Permission
from portal.services.administered import administered_workspaces
from portal.services.permissions import NotAllowed, may


def workspaces_seen(session: Session, person: Person) -> tuple[int, ...] | None:
    """Return the ids of the workspaces whose requests and grants the person sees, None for all there are.

    Raises ``NotAllowed`` for whoever sees nobody's but their own.
    """
    if may(person, Permission.READ_EVERYTHING):
        return None
    found = tuple(session.scalars(_administered(), {"person_id": person.id})) if person.is_active else ()
    if not found:
        raise NotAllowed(Permission.READ_EVERYTHING)
    return found


def oversees(session: Session, person: Person) -> bool:
    """Whether the person sees requests and grants of others at all."""
    try:
        workspaces_seen(session, person)
    except NotAllowed:
        return False
    return True


@cache
def _administered() -> Select[tuple[int]]:
    """Built once, as every page asks: putting a statement together takes longer than answering it."""
    person_id = bindparam("person_id", type_=Integer)
    return administered_workspaces(person_id).order_by(WorkspaceMember.workspace_id)
