"""The pretended Quick BI at its first start: works of the demo's catalogue, and people of the DingTalk cast.

Eve and Jack have never signed in to Quick BI: no user is bound to their DingTalk account.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.cast import union_id_of
from portal.sandbox.clock import now_ms
from portal.sandbox.tables import BiGrant, BiGroup, BiUser, BiWork, BiWorkspace

ADMINISTRATOR, DEVELOPER, ANALYST, VIEWER = 25, 26, 27, 30
ORGANISATION_ID = "org-harbour-trading"
_DEVELOPS, _VISITS, _ANALYSES = 1, 2, 3

_USERS = (
    ("alice", "Alice Zhang 张爱丽", _DEVELOPS),
    ("bob", "Bob Li 李博", _ANALYSES),
    ("chen", "Chen Wei 陈伟", _DEVELOPS),
    ("dora", "Dora Wu 吴朵", _VISITS),
    ("frank", "Frank Zhao 赵峰", _ANALYSES),
    ("grace", "Grace Lin 林雅", _ANALYSES),
    ("henry", "Henry Gao 高恒", _DEVELOPS),
    ("iris", "Iris He 何静", _VISITS),
    ("kate", "Kate Xu 徐凯", _ANALYSES),
)

_WORKSPACES = (
    ("ws-sales", "Sales 销售", "chen", {"chen": ADMINISTRATOR, "bob": ANALYST, "grace": ANALYST}),
    ("ws-headquarters", "Headquarters 总部", "alice", {"alice": ADMINISTRATOR, "iris": VIEWER}),
    (
        "ws-data-platform",
        "Data platform 数据平台",
        "henry",
        {"henry": ADMINISTRATOR, "alice": DEVELOPER, "chen": DEVELOPER, "bob": ANALYST},
    ),
    ("ws-operations", "Operations 运营", "henry", {"henry": ADMINISTRATOR, "frank": ANALYST}),
)

_MENUS = [
    {
        "menuId": "menu-results",
        "menuName": "Results 业绩",
        "menuType": 4,
        "children": [
            {"menuId": "menu-quarter", "menuName": "This quarter 本季度", "menuType": 0},
            {"menuId": "menu-plan", "menuName": "Plan 计划", "menuType": 2},
        ],
    },
    {"menuId": "menu-news", "menuName": "News 新闻", "menuType": 1, "uri": "https://news.example.com"},
]

_WORKS: tuple[tuple[str, str, str, str, str, dict[str, Any]], ...] = (
    ("sales-overview", "Sales overview 销售总览", "PAGE", "ws-sales", "chen", {}),
    ("regional-revenue", "Regional revenue 区域收入", "PAGE", "ws-sales", "chen", {"security_level": 0}),
    ("monthly-targets", "Monthly targets 月度目标", "REPORT", "ws-sales", "bob", {"security_level": 11}),
    (
        "executive-portal",
        "Executive portal 高管门户",
        "DATAPRODUCT",
        "ws-headquarters",
        "alice",
        {"menus": _MENUS},
    ),
    ("orders", "Orders 订单明细", "CUBE", "ws-data-platform", "chen", {}),
    ("web-traffic", "Web traffic 网站流量", "CUBE", "ws-data-platform", "henry", {}),
    ("supply-chain", "Supply chain 供应链", "PAGE", "ws-operations", "frank", {}),
    ("customer-cohorts", "Customer cohorts 客户分群", "ANALYSIS", "ws-sales", "chen", {}),
    ("order-extract", "Order extract 订单取数", "dashboardOfflineQuery", "ws-data-platform", "chen", {}),
    ("war-room", "War room 指挥大屏", "SCREEN", "ws-operations", "frank", {}),
    ("budget-entry", "Budget entry 预算填报", "DATAFORM", "ws-headquarters", "alice", {}),
    ("customers", "Customers 客户档案", "CUBE", "ws-data-platform", "chen", {}),
    ("warehouse", "Warehouse 数据仓库", "DATASOURCE", "ws-data-platform", "chen", {}),
)


def user_id_of(userid: str) -> str:
    """The Quick BI user id of somebody of the cast: 32 digits in hexadecimal, as Quick BI's are."""
    return hashlib.md5(f"quick-bi {userid}".encode(), usedforsecurity=False).hexdigest()


def seed(session: Session) -> None:
    """Fill an empty file; one that has users is left as it is."""
    if session.scalar(select(BiUser.user_id).limit(1)) is not None:
        return
    for userid, name, user_type in _USERS:
        session.add(
            BiUser(
                user_id=user_id_of(userid),
                name=name,
                account_name=f"{userid}@harbour-trading",
                user_type=user_type,
                union_id=union_id_of(userid),
            )
        )
    for workspace_id, name, owner, members in _WORKSPACES:
        roles = {user_id_of(userid): role for userid, role in members.items()}
        session.add(
            BiWorkspace(workspace_id=workspace_id, name=name, owner_id=user_id_of(owner), members=roles)
        )
    for work_id, name, work_type, workspace_id, owner, facts in _WORKS:
        session.add(
            BiWork(
                work_id=work_id,
                name=name,
                work_type=work_type,
                workspace_id=workspace_id,
                owner_id=user_id_of(owner),
                **facts,
            )
        )
    session.add(
        BiGroup(
            group_id="group-finance", name="Finance 财务", members=[user_id_of("dora"), user_id_of("kate")]
        )
    )
    # The finance group may open the supply chain: what Dora is granted there cannot be taken from her alone.
    session.add(
        BiGrant(
            kind="authorization",
            work_id="supply-chain",
            scope=1,
            principal_id="group-finance",
            points=1,
            created_ms=now_ms(),
        )
    )
