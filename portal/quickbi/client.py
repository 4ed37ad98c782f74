"""The calls of Quick BI's OpenAPI that the portal uses, with typed plain results.

Every method raises ``QuickBIError``. Sources: quickbi-public 2022-01-01, the page of each call and the models of
``alibabacloud-quickbi-public20220101``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from portal.quickbi.readings import (
    authorization_of,
    dataset_of,
    leaves_of,
    receiver_of,
    share_of,
    source_of,
    user_of,
    work_of,
    workspace_of,
)
from portal.quickbi.records import (
    Authorization,
    DatasetRecord,
    DataSourceRecord,
    MemberRecord,
    MenuReceiver,
    PortalMenu,
    Share,
    UserRecord,
    Work,
    WorkspaceRecord,
)
from portal.quickbi.sdk import TIMEOUT_SECONDS, AccessKey, Endpoint, Sdk

LARGEST_PAGE = 1000
TO_USER = 0
COLUMN_LEVEL = "COLUMN_LEVEL"


class QuickBI:
    """One account's way into one Quick BI organisation."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        key: AccessKey,
        timeout_seconds: float = TIMEOUT_SECONDS,
        page_size: int = LARGEST_PAGE,
    ) -> None:
        self._page_size = page_size
        self._sdk = Sdk(endpoint=endpoint, key=key, timeout_seconds=timeout_seconds)

    # What there is

    def list_workspaces(self) -> list[WorkspaceRecord]:
        """All workspaces of the organisation (QueryOrganizationWorkspaceList)."""
        return [workspace_of(each) for each in self._pages("query_organization_workspace_list")]

    def list_works(self) -> list[Work]:
        """All works of the organisation (QueryWorksByOrganization: no ad hoc analysis, no forms)."""
        return [work_of(each) for each in self._pages("query_works_by_organization")]

    def list_workspace_works(self, workspace_id: str) -> list[Work]:
        """All works of one workspace, of every type (QueryWorksByWorkspace)."""
        found = self._pages("query_works_by_workspace", workspace_id=workspace_id)
        return [work_of(each) for each in found]

    def list_datasets(self, workspace_id: str) -> list[DatasetRecord]:
        """The datasets of one workspace (QueryDatasetList)."""
        found = self._pages("query_dataset_list", workspace_id=workspace_id, with_children=True)
        return [dataset_of(each) for each in found]

    def list_data_sources(self, workspace_id: str) -> list[DataSourceRecord]:
        """The data sources of one workspace (ListDataSource)."""
        found = self._sdk.call("list_data_source", workspace_id=workspace_id)
        return [source_of(each) for each in found or ()]

    def list_workspace_members(self, workspace_id: str, *, role_id: int) -> list[MemberRecord]:
        """Who has this preset role there: 25 administrator, 26 developer, 27 analyst, 30 viewer."""
        found = self._pages("list_workspace_role_users", workspace_id=workspace_id, role_id=role_id)
        return [
            MemberRecord(user_id=each.user_id, name=each.nick_name or "", workspace_id=workspace_id)
            for each in found
        ]

    def list_users(self) -> list[UserRecord]:
        """Everybody of the organisation (QueryUserList)."""
        return [user_of(each) for each in self._pages("query_user_list")]

    def user_by_dingtalk_union_id(self, union_id: str) -> str | None:
        """Return the Quick BI user bound to a DingTalk account, or None (QueryUserByMobileAccount)."""
        found = self._sdk.call("query_user_by_mobile_account", mobile_type="ding", mobile_user_id=union_id)
        return (found.bound_user_id or None) if found is not None else None

    def work(self, work_id: str) -> Work | None:
        """Read one work, or None where Quick BI answers without one (QueryWorks)."""
        found = self._sdk.call("query_works", works_id=work_id)
        return work_of(found) if found is not None else None

    # Collaborative authorisation of works, datasets and data sources

    def list_auth_config(self, resource_type: str, resource_id: str) -> list[Authorization]:
        """Who holds what on a resource, at user granularity (ListAuthConfigByResource)."""
        found = self._sdk.call(
            "list_auth_config_by_resource",
            works_type=resource_type,
            resource_id=resource_id,
            share_to_type=TO_USER,
            has_auth=True,
        )
        return [authorization_of(each) for each in found or ()]

    def add_works_authorization(
        self, resource_type: str, resource_id: str, *, user_id: str, auth_points: int, expire_day: str | None
    ) -> str:
        """Grant to one user; returns the id of the authorisation (AddWorksAuthorization, not idempotent).

        ``auth_points`` is 1 view, 3 view and export, 11 edit, which has no end and ignores ``expire_day``
        (yyyy-MM-dd, tomorrow at the earliest).
        """
        result = self._sdk.call(
            "add_works_authorization",
            is_write=True,
            resource_type=resource_type,
            resource_id=resource_id,
            authorize_scope=TO_USER,
            authorized_id=user_id,
            auth_points=auth_points,
            expire_day=expire_day,
        )
        return str(result or "")

    def delete_authorization(self, resource_type: str, resource_id: str, *, user_id: str) -> None:
        """Take away what one user was granted on a resource, whatever the level (DeleteAuthorizationByUserId).

        Fails where the access is inherited (``DeletePermission.*``).
        """
        self._sdk.call(
            "delete_authorization_by_user_id",
            is_write=True,
            resource_type=resource_type,
            resource_id=resource_id,
            qbi_user_id=user_id,
        )

    def set_edit_property(self, resource_type: str, resource_id: str, *, edit_permission: int) -> None:
        """Say who may hold Edit: 0 private, 12 specified, 11 all members (UpdateAuthorizationAttributes)."""
        self._sdk.call(
            "update_authorization_attributes",
            is_write=True,
            resource_type=resource_type,
            resource_id=resource_id,
            edit_permission_type=edit_permission,
        )

    def check_readable(self, work_id: str, *, user_id: str) -> bool:
        """Whether somebody can open a work, by whatever road (CheckReadable)."""
        return self._sdk.call("check_readable", works_id=work_id, user_id=user_id) is True

    # Shares

    def query_share_list(self, work_id: str) -> list[Share]:
        """The shares of a work that are still valid (QueryShareList)."""
        found = self._sdk.call("query_share_list", report_id=work_id)
        return [share_of(each) for each in found or ()]

    def add_share_report(self, work_id: str, *, user_id: str, auth_point: int, expires_ms: int) -> None:
        """Share a work with one user until a moment in epoch milliseconds (AddShareReport)."""
        self._sdk.call(
            "add_share_report",
            is_write=True,
            works_id=work_id,
            share_to_type=TO_USER,
            share_to_id=user_id,
            auth_point=auth_point,
            expire_date=expires_ms,
        )

    def cancel_share_report(self, work_id: str, *, user_id: str) -> None:
        """End the shares of a work with one user (CancelReportShare)."""
        self._sdk.call(
            "cancel_report_share",
            is_write=True,
            report_id=work_id,
            share_to_ids=user_id,
            share_to_type=TO_USER,
        )

    # Menus of a data portal

    def list_portal_menus(self, portal_id: str) -> list[PortalMenu]:
        """The leaf menus of a portal, the only ones that can be authorised (ListPortalMenus: a tree in JSON)."""
        tree = json.loads(self._sdk.call("list_portal_menus", data_portal_id=portal_id) or "[]")
        return list(leaves_of(tree))

    def list_menu_receivers(self, portal_id: str) -> list[MenuReceiver]:
        """Who the menus of a portal are authorised to (ListPortalMenuAuthorization)."""
        found = self._sdk.call("list_portal_menu_authorization", data_portal_id=portal_id)
        return [receiver_of(each.menu_id, one) for each in found or () for one in each.receivers or ()]

    def authorize_menu(
        self, portal_id: str, menu_ids: Sequence[str], *, user_id: str, auth_points: int
    ) -> int:
        """Authorise up to 100 leaf menus; returns how many (AuthorizeMenu: without points it gives export)."""
        return int(
            self._sdk.call(
                "authorize_menu",
                is_write=True,
                data_portal_id=portal_id,
                menu_ids=",".join(menu_ids),
                user_ids=user_id,
                auth_points_value=auth_points,
            )
            or 0
        )

    def cancel_menu(self, portal_id: str, menu_ids: Sequence[str], *, user_id: str) -> int:
        """Take menus away from one user; returns how many (CancelAuthorizationMenu)."""
        return int(
            self._sdk.call(
                "cancel_authorization_menu",
                is_write=True,
                data_portal_id=portal_id,
                menu_ids=",".join(menu_ids),
                user_ids=user_id,
            )
            or 0
        )

    # Masked columns

    def list_column_white_list(self, dataset_id: str) -> list[str]:
        """The users whom no column rule of a dataset hits (ListDataLevelPermissionWhiteList)."""
        found = self._sdk.call(
            "list_data_level_permission_white_list", cube_id=dataset_id, rule_type=COLUMN_LEVEL
        )
        model = found.users_model if found is not None else None
        return list(model.users or ()) if model is not None else []

    def add_column_white_list(self, dataset_id: str, *, user_id: str) -> None:
        """Exempt one user from all column rules of a dataset, without an end."""
        self._change_white_list(dataset_id, user_id=user_id, operate_type="ADD")

    def remove_column_white_list(self, dataset_id: str, *, user_id: str) -> None:
        """Let the column rules of a dataset hit one user again."""
        self._change_white_list(dataset_id, user_id=user_id, operate_type="DELETE")

    def _change_white_list(self, dataset_id: str, *, user_id: str, operate_type: str) -> None:
        self._sdk.call(
            "add_data_level_permission_white_list",
            is_write=True,
            cube_id=dataset_id,
            rule_type=COLUMN_LEVEL,
            target_type="1",
            target_ids=user_id,
            operate_type=operate_type,
        )

    def _pages(self, action: str, **parameters: Any) -> Iterator[Any]:
        page = 1
        while True:
            result = self._sdk.call(action, page_num=page, page_size=self._page_size, **parameters)
            rows = (result.data if result is not None else None) or []
            yield from rows
            if not rows or page * self._page_size >= int(result.total_num or 0):
                return
            page += 1
