"""What the library's answers hold, as plain values: absent texts are empty, absent ends are None."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from portal.quickbi.records import (
    Authorization,
    DatasetRecord,
    DataSourceRecord,
    MenuReceiver,
    PortalMenu,
    Share,
    UserRecord,
    Work,
    WorkspaceRecord,
)

DIRECTORY_MENU = 4


def workspace_of(found: Any) -> WorkspaceRecord:
    return WorkspaceRecord(
        workspace_id=found.workspace_id,
        name=found.workspace_name or "",
        owner_id=found.owner or "",
        allows_sharing=found.allow_share_operation is not False,
    )


def work_of(found: Any) -> Work:
    return Work(
        work_id=found.works_id,
        name=found.work_name or "",
        work_type=found.work_type or "",
        workspace_id=found.workspace_id or "",
        workspace_name=found.workspace_name or "",
        owner_id=found.owner_id or "",
        owner_name=found.owner_name or "",
        status=int(found.status if found.status is not None else 1),
        security_level=str(found.security_level or ""),
        description=found.description or "",
    )


def dataset_of(found: Any) -> DatasetRecord:
    return DatasetRecord(
        dataset_id=found.dataset_id,
        name=found.dataset_name or "",
        workspace_id=found.workspace_id or "",
        workspace_name=found.workspace_name or "",
        owner_id=found.owner_id or "",
        owner_name=found.owner_name or "",
        description=found.description or "",
    )


def source_of(found: Any) -> DataSourceRecord:
    return DataSourceRecord(
        data_source_id=found.datasource_id,
        name=found.show_name or "",
        creator_id=found.creator_id or "",
        creator_name=found.creator_name or "",
    )


def user_of(found: Any) -> UserRecord:
    return UserRecord(
        user_id=found.user_id,
        name=found.nick_name or "",
        account_name=found.account_name or "",
        user_type=int(found.user_type or 0),
        is_deleted=found.is_deleted is True,
    )


def authorization_of(found: Any) -> Authorization:
    return Authorization(
        authorized_id=found.authorized_id or "",
        authorized_name=found.authorized_name or "",
        authorities=tuple(str(each) for each in found.authorities or ()),
        scope=int(found.scope or 0),
        expires_ms=_milliseconds(found.expire_date),
        created_at=found.gmt_create or "",
    )


def share_of(found: Any) -> Share:
    return Share(
        share_id=found.share_id or "",
        to_id=found.share_to_id or "",
        to_name=found.share_to_name or "",
        to_type=int(found.share_to_type or 0),
        auth_point=int(found.auth_point or 0),
        expires_ms=_milliseconds(found.expire_date),
    )


def receiver_of(menu_id: str, found: Any) -> MenuReceiver:
    return MenuReceiver(
        menu_id=menu_id,
        receiver_id=found.receiver_id or "",
        receiver_type=int(found.receiver_type or 0),
        auth_points=int(found.auth_points_value or 0),
    )


def leaves_of(tree: Sequence[dict[str, Any]]) -> Iterator[PortalMenu]:
    for menu in tree:
        if menu.get("children"):
            yield from leaves_of(menu["children"])
        elif int(menu.get("menuType", 0)) != DIRECTORY_MENU:
            yield PortalMenu(
                menu_id=str(menu["menuId"]),
                name=str(menu.get("menuName", "")),
                menu_type=int(menu.get("menuType", 0)),
            )


def _milliseconds(found: Any) -> int | None:
    text = str(found if found is not None else "").strip()
    return int(text) if text.lstrip("-").isdecimal() and int(text) > 0 else None
