"""Shares, menus of data portals and the column white list: the other ways in which Quick BI gives access."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from portal.sandbox.quickbi.access import TO_USER
from portal.sandbox.quickbi.gate import BiCall
from portal.sandbox.quickbi.granting import check_sharing
from portal.sandbox.quickbi.refusals import BiRefused, wrong_parameter
from portal.sandbox.quickbi.things import portal
from portal.sandbox.tables import BiGrant, BiUser, BiWork

_SHARE_TYPES = {
    "PAGE": "dashboard",
    "REPORT": "report",
    "DATAPRODUCT": "dataProduct",
    "dashboardOfflineQuery": "dashboardOfflineQuery",
}
LONGEST_MENUS = 100


def add_share(call: BiCall) -> bool:
    found, user = call.work("WorksId"), call.user("ShareToId")
    point, expires_ms = call.number("AuthPoint"), call.number("ExpireDate")
    if point not in (1, 3) or call.number("ShareToType") != TO_USER:
        raise wrong_parameter("AuthPoint")
    if expires_ms <= call.now:
        raise wrong_parameter("ExpireDate")
    check_sharing(call, found)
    call.session.add(
        BiGrant(
            kind="share",
            work_id=found.work_id,
            principal_id=user.user_id,
            points=point,
            expires_ms=expires_ms,
            created_ms=call.now,
        )
    )
    return True


def cancel_share(call: BiCall) -> bool:
    found = call.work("ReportId", absent="Report.NotExist.Error")
    call.session.execute(
        delete(BiGrant).where(
            BiGrant.kind == "share",
            BiGrant.work_id == found.work_id,
            BiGrant.principal_id.in_(call.text("ShareToIds").split(",")),
        )
    )
    return True


def shares(call: BiCall) -> list[dict[str, Any]]:
    """Only what is still valid."""
    found = call.work("ReportId", absent="Report.NotExist.Error")
    valid = select(BiGrant).where(
        BiGrant.kind == "share", BiGrant.work_id == found.work_id, BiGrant.expires_ms > call.now
    )
    return [
        {
            "ShareId": f"share-{row.id:08d}",
            "ReportId": found.work_id,
            "ShareType": _SHARE_TYPES.get(found.work_type, found.work_type),
            "ShareToId": row.principal_id,
            "ShareToName": _name(call, row.principal_id),
            "ShareToType": row.scope,
            "AuthPoint": row.points,
            "ExpireDate": row.expires_ms,
        }
        for row in call.session.scalars(valid)
    ]


def authorize_menu(call: BiCall) -> int:
    """Incremental; what is given already is skipped. Without a value it gives view and export."""
    found, points = portal(call), call.number("AuthPointsValue", default=3)
    check_sharing(call, found)
    menus, given = call.text("MenuIds").split(","), 0
    if len(menus) > LONGEST_MENUS or not set(menus) <= set(leaf_ids(found.menus)) or points not in (1, 3):
        raise wrong_parameter("MenuIds")
    for user_id in call.text("UserIds").split(","):
        for menu_id in menus:
            if not _menu_grants(call, found, user_id, [menu_id]):
                call.session.add(
                    BiGrant(
                        kind="menu",
                        work_id=found.work_id,
                        principal_id=user_id,
                        points=points,
                        menu_id=menu_id,
                        created_ms=call.now,
                    )
                )
                given += 1
    return given


def cancel_menu(call: BiCall) -> int:
    found, taken = portal(call), 0
    for user_id in call.text("UserIds").split(","):
        for grant in _menu_grants(call, found, user_id, call.text("MenuIds").split(",")):
            call.session.delete(grant)
            taken += 1
    return taken


def menu_receivers(call: BiCall) -> list[dict[str, Any]]:
    found = portal(call)
    rows = call.session.scalars(
        select(BiGrant).where(BiGrant.kind == "menu", BiGrant.work_id == found.work_id)
    ).all()
    return [
        {
            "MenuId": menu_id,
            "ShowOnlyWithAccess": True,
            "Receivers": [
                {"ReceiverId": row.principal_id, "ReceiverType": 0, "AuthPointsValue": row.points}
                for row in rows
                if row.menu_id == menu_id
            ],
        }
        for menu_id in leaf_ids(found.menus)
    ]


def change_white_list(call: BiCall) -> bool:
    found = _cube(call)
    for user_id in call.text("TargetIds").split(","):
        call.session.execute(
            delete(BiGrant).where(
                BiGrant.kind == "white_list",
                BiGrant.work_id == found.work_id,
                BiGrant.principal_id == user_id,
            )
        )
        if call.text("OperateType") == "ADD":
            call.session.add(
                BiGrant(kind="white_list", work_id=found.work_id, principal_id=user_id, created_ms=call.now)
            )
    return True


def white_list(call: BiCall) -> dict[str, Any]:
    found = _cube(call)
    rows = call.session.scalars(
        select(BiGrant).where(BiGrant.kind == "white_list", BiGrant.work_id == found.work_id)
    )
    return {
        "CubeId": found.work_id,
        "RuleType": call.text("RuleType"),
        "UsersModel": {"Users": [row.principal_id for row in rows], "UserGroups": []},
    }


def leaf_ids(menus: list[Any]) -> list[str]:
    """The menus that can be given at all: directories cannot."""
    found: list[str] = []
    for menu in menus:
        if menu.get("children"):
            found += leaf_ids(menu["children"])
        elif menu["menuType"] != 4:
            found.append(menu["menuId"])
    return found


def _cube(call: BiCall) -> BiWork:
    found = call.work("CubeId", absent="Cube.Not.Exist")
    if not call.settings.quickbi_new_column_rules:
        raise BiRefused(
            "CubePermission.Columnlevel.VersionError", "Upgrade the column-level permissions first."
        )
    if call.text("RuleType") != "COLUMN_LEVEL":
        raise wrong_parameter("RuleType")
    return found


def _menu_grants(call: BiCall, found: BiWork, user_id: str, menus: list[str]) -> list[BiGrant]:
    return list(
        call.session.scalars(
            select(BiGrant).where(
                BiGrant.kind == "menu",
                BiGrant.work_id == found.work_id,
                BiGrant.principal_id == user_id,
                BiGrant.menu_id.in_(menus),
            )
        )
    )


def _name(call: BiCall, user_id: str) -> str:
    found = call.session.get(BiUser, user_id)
    return found.name if found else ""
