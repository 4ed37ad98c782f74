"""Who administers a workspace or is a member of it: as admins say, and as a sync reads from the BI tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Person, Workspace, WorkspaceMember
from portal.models.resource import WorkspaceRole
from portal.rules.permissions import Permission
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, NotThere
from portal.services.permissions import require


@dataclass(frozen=True, kw_only=True)
class WorkspaceMembers:
    """Members whom a sync read stay as the BI tool has them: changing them here would only last until the next."""

    clock: Clock

    def workspaces(self) -> Sequence[tuple[Workspace, int]]:
        """Return all workspaces by name, each with how many administrators it has."""
        administrators = (
            select(WorkspaceMember.workspace_id, func.count().label("count"))
            .filter_by(role=WorkspaceRole.ADMINISTRATOR)
            .group_by(WorkspaceMember.workspace_id)
            .subquery()
        )
        wanted = (
            select(Workspace, func.coalesce(administrators.c.count, 0))
            .outerjoin(administrators, administrators.c.workspace_id == Workspace.id)
            .order_by(Workspace.name)
        )
        return [(workspace, count) for workspace, count in db.session.execute(wanted)]

    def workspace(self, workspace_id: int) -> Workspace:
        """Return one workspace; raises ``NotThere``."""
        found = db.session.get(Workspace, workspace_id)
        if found is None:
            raise NotThere
        return found

    def members(self, workspace_id: int) -> Sequence[WorkspaceMember]:
        """Return a workspace's members, administrators first, then by name."""
        wanted = (
            select(WorkspaceMember)
            .filter_by(workspace_id=workspace_id)
            .join(Person, WorkspaceMember.person_id == Person.id)
            .order_by(WorkspaceMember.role != WorkspaceRole.ADMINISTRATOR, Person.name, Person.id)
        )
        return db.session.scalars(wanted).all()

    def put(
        self, actor: Actor, admin: Person, *, workspace_id: int, person_id: int, role: WorkspaceRole
    ) -> None:
        """Make somebody a member with this role, or give a member another one.

        Raises ``NotAllowed``, ``NotThere``, and ``FieldFault("member", "synced")`` for who was read from the BI tool.
        """
        with transaction() as session:
            require(session.get_one(Person, admin.id), Permission.GIVE_ROLES)
            workspace, person = session.get(Workspace, workspace_id), session.get(Person, person_id)
            if workspace is None or person is None:
                raise NotThere
            member = session.get(WorkspaceMember, (workspace_id, person_id))
            before = _told(member)
            if member is not None and not member.is_given_here:
                raise FieldFault("member", "synced")
            if member is None:
                member = WorkspaceMember(workspace_id=workspace_id, person=person, is_given_here=True)
                session.add(member)
            member.role, member.given_at = role.value, self.clock.now()
            record(
                session,
                actor,
                "workspace_member.put",
                at=self.clock.now(),
                subject=("workspace", workspace_id),
                before=before,
                after=_told(member),
            )

    def remove(self, actor: Actor, admin: Person, *, workspace_id: int, person_id: int) -> None:
        """Take a member out; who is none stays so.

        Raises ``NotAllowed``, and ``FieldFault("member", "synced")`` for who was read from the BI tool.
        """
        with transaction() as session:
            require(session.get_one(Person, admin.id), Permission.GIVE_ROLES)
            member = session.get(WorkspaceMember, (workspace_id, person_id))
            if member is None:
                return
            if not member.is_given_here:
                raise FieldFault("member", "synced")
            at, subject = self.clock.now(), ("workspace", workspace_id)
            record(session, actor, "workspace_member.removed", at=at, subject=subject, before=_told(member))
            session.delete(member)


def _told(member: WorkspaceMember | None) -> dict[str, str] | None:
    return {"name": member.person.name, "role": member.role} if member else None
