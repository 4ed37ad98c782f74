"""Which levels of a resource one person can be offered, by what is known of them and of its workspace."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.models import Person, Resource, Workspace, WorkspaceMember
from portal.rules.eligibility import NOT_A_MEMBER, LevelOffer, offered_levels


def level_offers(session: Session, *, person: Person, resource: Resource) -> tuple[LevelOffer, ...]:
    """Return the resource's levels as ``person`` can hold them, lowest first; three small reads at most."""
    workspace = session.get(Workspace, resource.workspace_id) if resource.workspace_id else None
    return offered_levels(
        resource_type=resource.resource_type,
        user_type=person.user_type,
        workspace_role=_role(session, person, workspace),
        edit_permission=resource.edit_permission,
        has_masked_columns=bool(masked_columns(resource)),
        allows_sharing=workspace is None or workspace.allows_sharing,
        is_published=resource.is_published,
    )


def masked_columns(resource: Resource) -> list[dict[str, Any]]:
    """Return the columns of a dataset that can be asked for: ``name``, ``label``, ``is_masked``."""
    return [each for each in resource.columns if each.get("is_masked")]


def _role(session: Session, person: Person, workspace: Workspace | None) -> str | None:
    if workspace is None:
        return None
    member = session.get(WorkspaceMember, (workspace.id, person.id))
    if member is not None:
        return member.role
    # That somebody is no member is known where all members were read and the person is one whom the sync knows.
    is_known = workspace.synced_at is not None and person.quickbi_user_id is not None
    return NOT_A_MEMBER if is_known else None
