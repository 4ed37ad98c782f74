"""Who gives and takes away access by hand: the owner, else the fallback approver, else administrators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import ApprovalSettings, Grant, Person, PersonRole, WorkspaceMember
from portal.models.resource import WorkspaceRole
from portal.rules.permissions import ROLES_WITH, Permission
from portal.services.notices.about_grants import promise_about_grant
from portal.services.notices.notice_promises import NoticeKind
from portal.services.permissions import may

MOST_TOLD = 5


def task_people(session: Session, grant: Grant) -> list[Person]:
    """Return who is told of a grant's task, never anybody who would act for themselves."""
    for kind in (_owner, _fallback, _administrators):
        people = [each for each in kind(session, grant) if each.is_active and not concerns(grant, each)]
        if people:
            return people[:MOST_TOLD]
    return []


def tell_task_people(session: Session, grant: Grant, *, at: datetime) -> None:
    """Promise them a notice, and another one each time that the task is still there later."""
    for person in task_people(session, grant):
        occasion = f"{grant.ending or 'give'}/{at:%y%m%d}"
        promise_about_grant(session, grant, NoticeKind.GRANT_TASK, person=person, at=at, occasion=occasion)


def may_keep(session: Session, person: Person, grant: Grant) -> bool:
    """Whether somebody may act on this grant for the organisation: not on one that is their own."""
    return not concerns(grant, person) and keeps(session, person, grant)


def keeps(session: Session, person: Person, grant: Grant) -> bool:
    """Whether this grant is somebody's business: administrators', the owner's, the workspace's administrators'."""
    if not person.is_active:
        return False
    if grant.resource.owner_id == person.id or may(person, Permission.KEEP_GRANTS):
        return True
    if _is_workspace_administrator(session, person, grant):
        return True
    is_fallback = session.scalar(select(ApprovalSettings.fallback_approver_id)) == person.id
    return is_fallback and person in task_people(session, grant)


def concerns(grant: Grant, person: Person) -> bool:
    """Whether somebody gets this access, or asked for it."""
    return person.id in (grant.person_id, grant.request.requester_id)


def _owner(_session: Session, grant: Grant) -> Iterator[Person]:
    if grant.resource.owner is not None:
        yield grant.resource.owner


def _fallback(session: Session, _grant: Grant) -> Iterator[Person]:
    person_id = session.scalar(select(ApprovalSettings.fallback_approver_id))
    if person_id is not None:
        yield session.get_one(Person, person_id)


def _administrators(session: Session, _grant: Grant) -> Iterator[Person]:
    roles = sorted(ROLES_WITH[Permission.KEEP_GRANTS])
    held = select(PersonRole.person_id).where(PersonRole.role.in_(roles))
    yield from session.scalars(select(Person).where(Person.id.in_(held)).order_by(Person.id))


def _is_workspace_administrator(session: Session, person: Person, grant: Grant) -> bool:
    if grant.resource.workspace_id is None:
        return False
    member = session.get(WorkspaceMember, (grant.resource.workspace_id, person.id))
    return member is not None and member.role == WorkspaceRole.ADMINISTRATOR
