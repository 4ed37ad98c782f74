"""Takes what Quick BI has in one workspace into the catalogue, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.grants.quickbi.catalogue import BiContents, BiResource, BiWorkspace
from portal.models import DingTalkApp, Resource, Workspace, WorkspaceMember
from portal.models.resource import ResourceSource, WorkspaceRole
from portal.services.audit import PORTAL, record
from portal.services.catalogue.bulk_writing import write
from portal.services.catalogue.staged_rows import StagedRows
from portal.services.catalogue.wanted_resource import AT_ONCE, WantedResource, compare, kept_resources

LONGEST_NAME = 200
LONGEST_OWNER_NAME = 128


@dataclass(frozen=True, kw_only=True)
class KnownPerson:
    """One of ours whom Quick BI knows too; ``user_id`` is the DingTalk userid."""

    id: int
    user_id: str | None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came of one workspace."""

    counts: Mapping[str, int]


def take_workspace(
    session: Session,
    told: BiWorkspace,
    contents: BiContents,
    *,
    people: Mapping[str, KnownPerson],
    at: datetime,
) -> Taken:
    """Make the catalogue say of a workspace what Quick BI says.

    What Quick BI does not tell stays: descriptions it leaves empty, confirmations, targets, links, columns, owners
    whom nobody here knows. What was retired by hand stays so. ``people`` are ours by their Quick BI user id.
    """
    home = _workspace(session, told, at=at)
    wanted = [_wanted(each, home.name, people) for each in contents.resources if each.name]
    kept = kept_resources(session, [each.key for each in wanted])
    changes = compare(wanted, kept, total=0, leaves_retired=True)
    corp_id = session.scalar(select(DingTalkApp.corp_id))
    rows = StagedRows(session.connection(), corp_id=corp_id)
    rows.add(changes)
    write(rows, actor=PORTAL, source=ResourceSource.QUICKBI, at=at)
    rows.drop()
    _adopt(session, [each.id for each in kept.values()])
    gone = _leave_gone(session, home, {each.key for each in wanted}, at=at)
    _keep_members(session, home, contents.roles, people, at=at)
    return Taken(
        counts={
            "new": len(changes.new),
            "changed": len(changes.changed),
            "unchanged": changes.unchanged,
            "gone": gone,
            "unknown": contents.unknown,
            "members": len(contents.roles),
        }
    )


def _workspace(session: Session, told: BiWorkspace, *, at: datetime) -> Workspace:
    name = told.name[:LONGEST_NAME] or told.external_id
    home = session.scalar(select(Workspace).filter_by(external_id=told.external_id))
    same_name = session.scalar(select(Workspace).filter_by(name=name))
    if home is None and same_name is not None and same_name.external_id is None:
        home = same_name
    if same_name is not None and same_name is not home:
        # Two of one name: the id tells them apart.
        name = f"{name[: LONGEST_NAME - 40]} ({told.external_id[:36]})"
    if home is None:
        home = Workspace(name=name)
        session.add(home)
    before = {"name": home.name, "allows_sharing": home.allows_sharing, "external_id": home.external_id}
    home.external_id, home.name, home.synced_at = told.external_id, name, at
    home.allows_sharing = told.allows_sharing
    session.flush()
    after = {"name": home.name, "allows_sharing": home.allows_sharing, "external_id": home.external_id}
    if before != after:
        record(
            session,
            PORTAL,
            "workspace.synced",
            at=at,
            subject=("workspace", home.id),
            before=before,
            after=after,
        )
    return home


def _wanted(told: BiResource, workspace: str, people: Mapping[str, KnownPerson]) -> WantedResource:
    owner = people.get(told.owner_id)
    values: dict[str, Any] = {
        **told.facts,
        "name": told.name[:LONGEST_NAME],
        "workspace": workspace,
        "owner_name": told.owner_name[:LONGEST_OWNER_NAME],
    }
    if owner is not None and owner.user_id:
        values["owner"] = owner.user_id
    return WantedResource((told.resource_type.value, told.external_id), values)


def _adopt(session: Session, resource_ids: list[int]) -> None:
    """Let rows that Quick BI knows be Quick BI's, whoever entered them: they go when it no longer has them."""
    for place in range(0, len(resource_ids), AT_ONCE):
        session.execute(
            update(Resource)
            .where(
                Resource.id.in_(resource_ids[place : place + AT_ONCE]),
                Resource.source != ResourceSource.QUICKBI.value,
            )
            .values(source=ResourceSource.QUICKBI.value)
            .execution_options(synchronize_session=False)
        )


def _leave_gone(session: Session, home: Workspace, there: set[tuple[str, str]], *, at: datetime) -> int:
    ours = select(Resource).where(
        Resource.workspace_id == home.id,
        Resource.source == ResourceSource.QUICKBI.value,
        Resource.gone_at.is_(None),
    )
    gone = [each for each in session.scalars(ours) if (each.resource_type, each.external_id) not in there]
    for resource in gone:
        resource.gone_at = at
        record(
            session,
            PORTAL,
            "resource.gone",
            at=at,
            subject=("resource", resource.id),
            after={"name": resource.name},
        )
    return len(gone)


def _keep_members(
    session: Session,
    home: Workspace,
    roles: Mapping[str, WorkspaceRole],
    people: Mapping[str, KnownPerson],
    *,
    at: datetime,
) -> None:
    """Follow Quick BI in who is a member and as what; what an admin said here stays."""
    wanted = {people[user_id].id: role for user_id, role in roles.items() if user_id in people}
    known = {
        each.person_id: each
        for each in session.scalars(select(WorkspaceMember).filter_by(workspace_id=home.id))
    }
    before = {str(key): each.role for key, each in known.items()}
    for person_id, role in wanted.items():
        member = known.get(person_id)
        if member is None:
            session.add(
                WorkspaceMember(
                    workspace_id=home.id,
                    person_id=person_id,
                    role=role.value,
                    is_given_here=False,
                    given_at=at,
                )
            )
        elif not member.is_given_here and member.role != role.value:
            member.role, member.given_at = role.value, at
    for person_id, member in known.items():
        if person_id not in wanted and not member.is_given_here:
            session.delete(member)
    session.flush()
    members = select(WorkspaceMember.person_id, WorkspaceMember.role).filter_by(workspace_id=home.id)
    after = {str(row.person_id): row.role for row in session.execute(members)}
    if after != before:
        record(
            session,
            PORTAL,
            "workspace.members_synced",
            at=at,
            subject=("workspace", home.id),
            before=before,
            after=after,
        )
