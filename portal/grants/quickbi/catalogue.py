"""What Quick BI has, in our words: workspaces with their members and resources, and who its users are.

Sources: quickbi-public 2022-01-01, QueryOrganizationWorkspaceList, QueryWorksByWorkspace, QueryDatasetList,
ListDataSource, ListWorkspaceRoleUsers, QueryUserList, QueryUserByMobileAccount.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from portal.grants.quickbi.connection import QuickBIConnection, in_our_words
from portal.models.person import UserType
from portal.models.resource import EditPermission, ResourceType, WorkspaceRole
from portal.quickbi.client import QuickBI
from portal.quickbi.records import Work

TYPES = {
    "PAGE": ResourceType.DASHBOARD,
    "FULLPAGE": ResourceType.DASHBOARD,
    "REPORT": ResourceType.WORKBOOK,
    "DATAPRODUCT": ResourceType.DATA_PORTAL,
    "DASHBOARDOFFLINEQUERY": ResourceType.SELF_SERVICE_RETRIEVAL,
    "ANALYSIS": ResourceType.AD_HOC_ANALYSIS,
    "SCREEN": ResourceType.DATA_SCREEN,
    "DATAFORM": ResourceType.DATA_ENTRY_FORM,
}
_EDIT_PERMISSIONS = {
    "0": EditPermission.PRIVATE,
    "12": EditPermission.SPECIFIED,
    "1": EditPermission.ALL_MEMBERS,
    "11": EditPermission.ALL_MEMBERS,
}
# Unpublished and taken offline: readers cannot open it.
_HIDDEN = (0, 3)
_USER_TYPES = {1: UserType.DEVELOPER, 2: UserType.VISITOR, 3: UserType.ANALYST}
# Preset roles of a workspace, the strongest last: who has several counts as that.
_ROLES = {
    30: WorkspaceRole.VIEWER,
    27: WorkspaceRole.ANALYST,
    26: WorkspaceRole.DEVELOPER,
    25: WorkspaceRole.ADMINISTRATOR,
}


@dataclass(frozen=True, kw_only=True)
class BiWorkspace:
    """A workspace as Quick BI tells it."""

    external_id: str
    name: str
    allows_sharing: bool


@dataclass(frozen=True, kw_only=True)
class BiResource:
    """A resource; ``owner_id`` is a Quick BI user's. ``facts`` are what it tells beyond name and owner."""

    resource_type: ResourceType
    external_id: str
    name: str
    owner_id: str
    owner_name: str
    facts: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class BiContents:
    """A workspace's resources, its members' roles by Quick BI user id, and how many works are of no type we know."""

    resources: Sequence[BiResource]
    roles: dict[str, WorkspaceRole]
    unknown: int


@dataclass(frozen=True)
class QuickBICatalogue:
    """Reads; every method raises ``TargetError``."""

    connection: QuickBIConnection

    def workspaces(self) -> list[BiWorkspace]:
        """Return all workspaces of the organisation."""
        client = self.connection.client()
        with in_our_words():
            return [
                BiWorkspace(external_id=each.workspace_id, name=each.name, allows_sharing=each.allows_sharing)
                for each in client.list_workspaces()
            ]

    def contents(self, workspace_id: str) -> BiContents:
        """Return everything in one workspace: seven calls and more where there are over a thousand of a kind."""
        client = self.connection.client()
        with in_our_words():
            works = client.list_workspace_works(workspace_id)
            known = [each for each in works if each.work_type.upper() in TYPES]
            roles = {
                member.user_id: role
                for role_id, role in _ROLES.items()
                for member in client.list_workspace_members(workspace_id, role_id=role_id)
            }
            return BiContents(
                resources=[*map(_work, known), *_sets_and_sources(client, workspace_id)],
                roles=roles,
                unknown=len(works) - len(known),
            )

    def user_types(self) -> dict[str, UserType]:
        """Return what everybody is in Quick BI, by their user id there."""
        client = self.connection.client()
        with in_our_words():
            return {
                each.user_id: _USER_TYPES[each.user_type]
                for each in client.list_users()
                if each.user_type in _USER_TYPES and not each.is_deleted
            }

    def user_id(self, union_id: str) -> str | None:
        """Return the Quick BI user of a DingTalk person, or None."""
        client = self.connection.client()
        with in_our_words():
            return client.user_by_dingtalk_union_id(union_id)


def _work(work: Work) -> BiResource:
    permission = _EDIT_PERMISSIONS.get(work.security_level)
    return BiResource(
        resource_type=TYPES[work.work_type.upper()],
        external_id=work.work_id,
        name=work.name,
        owner_id=work.owner_id,
        owner_name=work.owner_name,
        facts={
            "is_published": work.status not in _HIDDEN,
            "edit_permission": permission.value if permission else None,
            **({"description": work.description} if work.description else {}),
        },
    )


def _sets_and_sources(client: QuickBI, workspace_id: str) -> Iterator[BiResource]:
    for dataset in client.list_datasets(workspace_id):
        yield BiResource(
            resource_type=ResourceType.DATASET,
            external_id=dataset.dataset_id,
            name=dataset.name,
            owner_id=dataset.owner_id,
            owner_name=dataset.owner_name,
            facts={"description": dataset.description} if dataset.description else {},
        )
    for source in client.list_data_sources(workspace_id):
        yield BiResource(
            resource_type=ResourceType.DATA_SOURCE,
            external_id=source.data_source_id,
            name=source.name,
            owner_id=source.creator_id,
            owner_name=source.creator_name,
            facts={},
        )
