"""The workspaces that somebody administers: by data, not by a role of the portal."""

from __future__ import annotations

from sqlalchemy import BindParameter, Select, select

from portal.models import WorkspaceMember
from portal.models.resource import WorkspaceRole


def administered_workspaces(person_id: int | BindParameter[int]) -> Select[tuple[int]]:
    """Return the ids of the workspaces that this person administers, as a statement to run or to build upon."""
    return select(WorkspaceMember.workspace_id).where(
        WorkspaceMember.person_id == person_id, WorkspaceMember.role == WorkspaceRole.ADMINISTRATOR
    )
