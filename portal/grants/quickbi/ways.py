"""The ways in which Quick BI gives access to one person: each reads, gives and takes away by calls of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from portal.grants.grant_target import GrantOrder
from portal.grants.quickbi.levels import (
    EDIT,
    VIEW,
    Held,
    Wanted,
    local_moment,
    milliseconds_of,
    moment_of,
    points_of,
)
from portal.grants.quickbi.options import PortalCall, QuickBIOptions, RetrievalCall
from portal.grants.quickbi.refusals import Refusal, refusal
from portal.quickbi.client import QuickBI
from portal.quickbi.records import PortalMenu
from portal.rules.entitlement import Entitlement

TO_USER = 0
LINK_MENU = 1
MOST_MENUS = 100
# AddWorksAuthorization and ListAuthConfigByResource spell types in their own way.
TYPE_CODES = {
    "dashboard": "dashboard",
    "workbook": "report",
    "ad_hoc_analysis": "ANALYSIS",
    "self_service_retrieval": "dashboardOfflineQuery",
    "data_screen": "screen",
    "data_entry_form": "dataForm",
    "dataset": "cube",
    "data_source": "datasource",
}
# What QueryWorks does not know: there is no status and no edit permission property to read.
NOT_WORKS = frozenset({"dataset", "data_source"})


class Way(Protocol):
    """Reads, gives and takes away; every method raises ``QuickBIError`` or ``TargetError``."""

    @property
    def name(self) -> str: ...

    def read(self, client: QuickBI, user_id: str) -> list[Held]: ...

    def give(self, client: QuickBI, user_id: str, wanted: Wanted) -> dict[str, str]: ...

    def take(self, client: QuickBI, user_id: str) -> None: ...


def way_of(order: GrantOrder, options: QuickBIOptions) -> Way:
    """Choose the way for what is ordered; raises ``TargetError`` where Quick BI documents none.

    What was given by one way is taken back by it, whatever an admin has chosen since.
    """
    if order.entitlement == Entitlement.UNMASK:
        return ColumnWhiteList(order.resource_id)
    used = order.known.get("way")
    if order.resource_type == "data_portal":
        if order.entitlement == Entitlement.EDIT:
            raise refusal(Refusal.PORTAL_EDIT)
        is_shared = (used or options.portal_call) == PortalCall.SHARE
        return Share(order.resource_id) if is_shared else PortalMenus(order.resource_id)
    is_retrieval = order.resource_type == "self_service_retrieval"
    is_shared = is_retrieval and (used or options.retrieval_call) == RetrievalCall.SHARE
    if is_shared and order.entitlement != Entitlement.EDIT:
        return Share(order.resource_id)
    return Authorization(order.resource_id, TYPE_CODES[order.resource_type])


@dataclass(frozen=True)
class Authorization:
    """Collaborative authorisation; what a workspace or everybody was given is listed too, a person at a time."""

    resource_id: str
    type_code: str
    name: str = "authorization"

    def read(self, client: QuickBI, user_id: str) -> list[Held]:
        return [
            Held(
                points=points_of(each.authorities),
                ends_at=moment_of(each.expires_ms),
                given_at=local_moment(each.created_at),
                is_direct=each.scope == TO_USER,
                scope=each.scope,
            )
            for each in client.list_auth_config(self.type_code, self.resource_id)
            if each.authorized_id == user_id
        ]

    def give(self, client: QuickBI, user_id: str, wanted: Wanted) -> dict[str, str]:
        authorization_id = client.add_works_authorization(
            self.type_code,
            self.resource_id,
            user_id=user_id,
            auth_points=wanted.points,
            expire_day=None if wanted.points == EDIT else wanted.expire_day,
        )
        return {"authorization_id": authorization_id}

    def take(self, client: QuickBI, user_id: str) -> None:
        client.delete_authorization(self.type_code, self.resource_id, user_id=user_id)


@dataclass(frozen=True)
class Share:
    """A share with one person until a moment; Quick BI lists those that are still valid."""

    resource_id: str
    name: str = "share"

    def read(self, client: QuickBI, user_id: str) -> list[Held]:
        return [
            Held(points=each.auth_point, ends_at=moment_of(each.expires_ms))
            for each in client.query_share_list(self.resource_id)
            if each.to_type == TO_USER and each.to_id == user_id
        ]

    def give(self, client: QuickBI, user_id: str, wanted: Wanted) -> dict[str, str]:
        client.add_share_report(
            self.resource_id,
            user_id=user_id,
            auth_point=wanted.points,
            expires_ms=milliseconds_of(wanted.end),
        )
        return {}

    def take(self, client: QuickBI, user_id: str) -> None:
        client.cancel_share_report(self.resource_id, user_id=user_id)


@dataclass(frozen=True)
class PortalMenus:
    """Every leaf menu of a portal, without an end. A menu that is a link knows view only."""

    resource_id: str
    name: str = "menus"

    def read(self, client: QuickBI, user_id: str) -> list[Held]:
        points = {
            each.menu_id: each.auth_points
            for each in client.list_menu_receivers(self.resource_id)
            if each.receiver_type == TO_USER and each.receiver_id == user_id
        }
        menus = self._menus(client)
        if not any(menu.menu_id in points for menu in menus):
            return []
        # Only what is held of every menu is held of the portal; links cannot be more than viewed.
        countable = [menu for menu in menus if menu.menu_type != LINK_MENU] or menus
        return [Held(points=min(points.get(menu.menu_id, 0) for menu in countable), ends_at=None)]

    def give(self, client: QuickBI, user_id: str, wanted: Wanted) -> dict[str, str]:
        menus = self._menus(client)
        given = {
            each.menu_id: each.auth_points
            for each in client.list_menu_receivers(self.resource_id)
            if each.receiver_type == TO_USER and each.receiver_id == user_id
        }
        links = [menu for menu in menus if menu.menu_type == LINK_MENU]
        others = [menu for menu in menus if menu.menu_type != LINK_MENU]
        if wanted.points > VIEW and not others:
            raise refusal(Refusal.ONLY_LINK_MENUS)
        for group, points in ((links, VIEW), (others, wanted.points)):
            missing = [menu.menu_id for menu in group if given.get(menu.menu_id, 0) < points]
            # What is given already is skipped by Quick BI, also where it is less.
            lower = [menu_id for menu_id in missing if menu_id in given]
            for some in _lots(lower):
                client.cancel_menu(self.resource_id, some, user_id=user_id)
            for some in _lots(missing):
                client.authorize_menu(self.resource_id, some, user_id=user_id, auth_points=points)
        return {"menus": str(len(menus))}

    def take(self, client: QuickBI, user_id: str) -> None:
        for some in _lots([menu.menu_id for menu in self._menus(client)]):
            client.cancel_menu(self.resource_id, some, user_id=user_id)

    def _menus(self, client: QuickBI) -> list[PortalMenu]:
        menus = client.list_portal_menus(self.resource_id)
        if not menus:
            raise refusal(Refusal.NO_LEAF_MENUS)
        return menus


@dataclass(frozen=True)
class ColumnWhiteList:
    """Exempt from all column rules of a dataset, without an end; rules of the organisation may still mask."""

    resource_id: str
    name: str = "column_white_list"

    def read(self, client: QuickBI, user_id: str) -> list[Held]:
        is_listed = user_id in client.list_column_white_list(self.resource_id)
        return [Held(points=VIEW, ends_at=None)] if is_listed else []

    def give(self, client: QuickBI, user_id: str, wanted: Wanted) -> dict[str, str]:  # noqa: ARG002
        client.add_column_white_list(self.resource_id, user_id=user_id)
        return {}

    def take(self, client: QuickBI, user_id: str) -> None:
        client.remove_column_white_list(self.resource_id, user_id=user_id)


def _lots(menu_ids: list[str]) -> list[list[str]]:
    return [menu_ids[start : start + MOST_MENUS] for start in range(0, len(menu_ids), MOST_MENUS)]
