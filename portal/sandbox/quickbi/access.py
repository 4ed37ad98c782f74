"""Who can do what with a work right now, by whatever road; what the console shows and CheckReadable answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.sandbox.quickbi.organisation import ADMINISTRATOR, ANALYST, DEVELOPER
from portal.sandbox.tables import BiGrant, BiGroup, BiUser, BiWork, BiWorkspace

VIEW, EXPORT, EDIT = 1, 3, 11
PRIVATE, SPECIFIED, ALL_MEMBERS, ALL_MEMBERS_OLD = 0, 12, 11, 1
PUBLISHED = (1, 2)
TO_USER, TO_GROUP, TO_ORGANISATION, TO_WORKSPACE = 0, 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class Road:
    """One way in which somebody reaches a work. ``expires_ms`` 0 means no end; ``why_not`` what keeps it shut."""

    kind: str
    points: int
    expires_ms: int = 0
    through: str = ""
    why_not: str = ""


def roads(session: Session, *, work: BiWork, user: BiUser, now: int) -> list[Road]:
    """Every road of one person to one work that has not ended, open ones and shut ones."""
    found = [
        _of_grant(session, grant, work=work, user=user) for grant in grants_of(session, work, user, now=now)
    ]
    workspace = session.get(BiWorkspace, work.workspace_id)
    if work.owner_id == user.user_id:
        found.append(Road(kind="owner", points=EDIT))
    elif workspace is not None and workspace.members.get(user.user_id) == ADMINISTRATOR:
        found.append(Road(kind="workspace_administrator", points=EDIT, through=workspace.name))
    return [_shut_while_unpublished(road, work) for road in found]


def can_open(found: Iterable[Road]) -> bool:
    """Whether any of the roads is open; seeing masked columns opens nothing by itself."""
    return any(not road.why_not and road.kind != "white_list" for road in found)


def grants_of(session: Session, work: BiWork, user: BiUser, *, now: int) -> list[BiGrant]:
    """The grants that reach this person and have not ended."""
    groups = [each for each in session.scalars(select(BiGroup)) if user.user_id in each.members]
    workspace = session.get(BiWorkspace, work.workspace_id)
    is_member = workspace is not None and user.user_id in workspace.members
    valid = session.scalars(
        select(BiGrant)
        .where(BiGrant.work_id == work.work_id, or_(BiGrant.expires_ms == 0, BiGrant.expires_ms > now))
        .order_by(BiGrant.id)
    )
    reached = {(TO_USER, user.user_id), *((TO_GROUP, each.group_id) for each in groups)}
    return [
        grant
        for grant in valid
        if (grant.scope, grant.principal_id) in reached
        or grant.scope == TO_ORGANISATION
        or (grant.scope == TO_WORKSPACE and is_member)
    ]


def _of_grant(session: Session, grant: BiGrant, *, work: BiWork, user: BiUser) -> Road:
    through = ""
    if grant.scope == TO_GROUP:
        group = session.get(BiGroup, grant.principal_id)
        through = group.name if group else grant.principal_id
    elif grant.scope == TO_WORKSPACE:
        workspace = session.get(BiWorkspace, work.workspace_id)
        through = workspace.name if workspace else ""
    points, why_not = grant.points, ""
    if grant.kind == "authorization" and points == EDIT:
        why_not = _why_no_edit(session, work=work, user=user)
    return Road(kind=grant.kind, points=points, expires_ms=grant.expires_ms, through=through, why_not=why_not)


def _why_no_edit(session: Session, *, work: BiWork, user: BiUser) -> str:
    """Edit takes effect for members who may develop, and only where the work is not private."""
    if work.security_level == PRIVATE:
        return "private"
    workspace = session.get(BiWorkspace, work.workspace_id)
    role = workspace.members.get(user.user_id) if workspace else None
    return "" if role in (ADMINISTRATOR, DEVELOPER, ANALYST) else "not_a_member"


def _shut_while_unpublished(road: Road, work: BiWork) -> Road:
    if work.status in PUBLISHED or road.why_not or road.points == EDIT:
        return road
    return Road(
        kind=road.kind,
        points=road.points,
        expires_ms=road.expires_ms,
        through=road.through,
        why_not="unpublished",
    )
