"""The workspaces that somebody administers: by data, not by a role of the portal."""

from __future__ import annotations

from sqlalchemy import Select, select

from portal.models import Person, WorkspaceMember
from portal.models.resource import WorkspaceRole


def administered_workspaces(person: Person) -> Select[tuple[int]]:
    """Return the ids of the workspaces that this person administers, as a statement to run or to build upon."""
    return select(WorkspaceMember.workspace_id).where(
        WorkspaceMember.person_id == person.id, WorkspaceMember.role == WorkspaceRole.ADMINISTRATOR
    )
