"""Which levels of a resource one person can be offered, by what is known of them and of its workspace."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portal.models import Person, Resource, Workspace, WorkspaceMember
from portal.rules.eligibility import NOT_A_MEMBER, LevelOffer, offered_levels


def level_offers(
    session: Session, *, person: Person, resources: Collection[Resource]
) -> dict[int, tuple[LevelOffer, ...]]:
    """Return, by resource id, the levels as ``person`` can hold them, lowest first; one small read for all."""
    homes = _homes(session, person, {each.workspace_id for each in resources if each.workspace_id})
    return {each.id: _levels(person, each, *homes.get(each.workspace_id, (None, None))) for each in resources}


def masked_columns(resource: Resource) -> list[dict[str, Any]]:
    """Return the columns of a dataset that can be asked for: ``name``, ``label``, ``is_masked``."""
    return [each for each in resource.columns if each.get("is_masked")]


def _homes(
    session: Session, person: Person, workspace_ids: Collection[int]
) -> dict[int | None, tuple[Workspace, str | None]]:
    """Return, by their ids, workspaces and the role that the person is known to have in each."""
    if not workspace_ids:
        return {}
    is_theirs = and_(WorkspaceMember.workspace_id == Workspace.id, WorkspaceMember.person_id == person.id)
    found = select(Workspace, WorkspaceMember.role).outerjoin(WorkspaceMember, is_theirs)
    rows = session.execute(found.where(Workspace.id.in_(workspace_ids)))
    return {workspace.id: (workspace, role or _outside(person, workspace)) for workspace, role in rows}


def _outside(person: Person, workspace: Workspace) -> str | None:
    """That somebody is no member is known where all members were read and the person is one whom the sync knows."""
    is_known = workspace.synced_at is not None and person.quickbi_user_id is not None
    return NOT_A_MEMBER if is_known else None


def _levels(
    person: Person, resource: Resource, workspace: Workspace | None, role: str | None
) -> tuple[LevelOffer, ...]:
    return offered_levels(
        resource_type=resource.resource_type,
        user_type=person.user_type,
        workspace_role=role,
        edit_permission=resource.edit_permission,
        has_masked_columns=bool(masked_columns(resource)),
        allows_sharing=workspace is None or workspace.allows_sharing,
        is_published=resource.is_published,
    )
