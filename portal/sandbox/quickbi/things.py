"""Calls that tell what there is: workspaces, works, datasets, data sources, members and users."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from portal.sandbox.quickbi import access
from portal.sandbox.quickbi.gate import BiCall
from portal.sandbox.quickbi.organisation import ORGANISATION_ID
from portal.sandbox.quickbi.refusals import BiRefused, wrong_parameter
from portal.sandbox.tables import BiUser, BiWork, BiWorkspace

LARGEST_PAGE = 1000
NOT_A_WORK = ("CUBE", "DATASOURCE")
# QueryWorksByOrganization does not know these; QueryWorksByWorkspace does.
ONLY_BY_WORKSPACE = ("ANALYSIS", "DATAFORM")


def workspaces(call: BiCall) -> dict[str, Any]:
    rows = call.session.scalars(select(BiWorkspace).order_by(BiWorkspace.workspace_id)).all()
    return _page(
        call,
        [
            {
                "WorkspaceId": row.workspace_id,
                "WorkspaceName": row.name,
                "Owner": row.owner_id,
                "OrganizationId": ORGANISATION_ID,
                "AllowShareOperation": row.allows_sharing,
                "AllowPublishOperation": True,
            }
            for row in rows
        ],
    )


def works_of_organisation(call: BiCall) -> dict[str, Any]:
    return _page(call, _works(call, hidden=(*NOT_A_WORK, *ONLY_BY_WORKSPACE)))


def works_of_workspace(call: BiCall) -> dict[str, Any]:
    return _page(call, _works(call, hidden=NOT_A_WORK, workspace_id=_workspace(call).workspace_id))


def work(call: BiCall) -> dict[str, Any]:
    found = call.work("WorksId")
    if found.work_type in NOT_A_WORK:
        raise BiRefused("Work.Not.Exist", "The specified work does not exist.")
    return _as_work(call, found)


def datasets(call: BiCall) -> dict[str, Any]:
    workspace = _workspace(call)
    return _page(
        call,
        [
            {
                "DatasetId": row.work_id,
                "DatasetName": row.name,
                "OwnerId": row.owner_id,
                "OwnerName": _name(call, row.owner_id),
                "WorkspaceId": workspace.workspace_id,
                "WorkspaceName": workspace.name,
            }
            for row in _of_type(call, "CUBE", workspace_id=workspace.workspace_id)
        ],
    )


def data_sources(call: BiCall) -> list[dict[str, Any]]:
    workspace = _workspace(call)
    return [
        {
            "DatasourceId": row.work_id,
            "ShowName": row.name,
            "CreatorId": row.owner_id,
            "CreatorName": _name(call, row.owner_id),
        }
        for row in _of_type(call, "DATASOURCE", workspace_id=workspace.workspace_id)
    ]


def workspace_role_users(call: BiCall) -> dict[str, Any]:
    workspace, role = _workspace(call), call.number("RoleId")
    return _page(
        call,
        [
            {
                "UserId": user_id,
                "NickName": _name(call, user_id),
                "WorkspaceId": workspace.workspace_id,
                "WorkspaceName": workspace.name,
            }
            for user_id, held in sorted(workspace.members.items())
            if held == role
        ],
    )


def users(call: BiCall) -> dict[str, Any]:
    rows = call.session.scalars(select(BiUser).order_by(BiUser.user_id)).all()
    return _page(
        call,
        [
            {
                "UserId": row.user_id,
                "NickName": row.name,
                "AccountName": row.account_name,
                "UserType": row.user_type,
                "IsDeleted": row.is_deleted,
            }
            for row in rows
        ],
    )


def user_by_mobile_account(call: BiCall) -> dict[str, Any] | None:
    if call.text("MobileType") != "ding":
        return None
    bound = select(BiUser).where(BiUser.union_id == call.text("MobileUserId"), ~BiUser.is_deleted)
    found = call.session.scalar(bound)
    return {"BoundUserId": found.user_id, "ThirdAccountName": found.name} if found else None


def check_readable(call: BiCall) -> bool:
    found, user = call.work("WorksId"), call.user("UserId")
    return access.can_open(access.roads(call.session, work=found, user=user, now=call.now))


def portal_menus(call: BiCall) -> str:
    return json.dumps(portal(call).menus, ensure_ascii=False)


def portal(call: BiCall) -> BiWork:
    found = call.work("DataPortalId")
    if found.work_type != "DATAPRODUCT":
        raise wrong_parameter("DataPortalId")
    return found


def _works(call: BiCall, *, hidden: Sequence[str], workspace_id: str = "") -> list[dict[str, Any]]:
    rows = call.session.scalars(
        select(BiWork).where(BiWork.work_type.not_in(hidden)).order_by(BiWork.work_id)
    )
    wanted = call.args.get("WorksType")
    return [
        _as_work(call, row)
        for row in rows
        if workspace_id in ("", row.workspace_id) and wanted in (None, "", row.work_type)
    ]


def _as_work(call: BiCall, row: BiWork) -> dict[str, Any]:
    workspace = call.session.get(BiWorkspace, row.workspace_id)
    return {
        "WorksId": row.work_id,
        "WorkName": row.name,
        "WorkType": row.work_type,
        "WorkspaceId": row.workspace_id,
        "WorkspaceName": workspace.name if workspace else "",
        "OwnerId": row.owner_id,
        "OwnerName": _name(call, row.owner_id),
        "SecurityLevel": str(row.security_level),
        "Status": row.status,
        "PublicFlag": False,
    }


def _of_type(call: BiCall, work_type: str, *, workspace_id: str) -> Sequence[BiWork]:
    wanted = select(BiWork).where(BiWork.work_type == work_type, BiWork.workspace_id == workspace_id)
    return call.session.scalars(wanted.order_by(BiWork.work_id)).all()


def _workspace(call: BiCall) -> BiWorkspace:
    found = call.session.get(BiWorkspace, call.text("WorkspaceId"))
    if found is None:
        raise wrong_parameter("WorkspaceId")
    return found


def _name(call: BiCall, user_id: str) -> str:
    found = call.session.get(BiUser, user_id)
    return found.name if found else ""


def _page(call: BiCall, rows: list[dict[str, Any]]) -> dict[str, Any]:
    number = max(1, call.number("PageNum", default=1))
    size = min(LARGEST_PAGE, max(1, call.number("PageSize", default=10)))
    start = (number - 1) * size
    return {
        "Data": rows[start : start + size],
        "PageNum": number,
        "PageSize": size,
        "TotalNum": len(rows),
    }
