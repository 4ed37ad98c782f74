"""The demo's admin and catalogue; safe to run at every start."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.database import transaction
from portal.models import Person, Resource, Workspace, WorkspaceMember
from portal.models.person import Role
from portal.models.resource import EditPermission, ResourceType, WorkspaceRole
from portal.rules.resource_link import link_key
from portal.services.audit import PORTAL, record
from portal.services.registry import Services

ADMIN = "alice"
PEOPLE = {
    "alice": "Alice Zhang 张爱丽",
    "bob": "Bob Li 李博",
    "chen": "Chen Wei 陈伟",
    "frank": "Frank Zhao 赵峰",
}

WORKSPACES = {
    "ws-sales": "Sales 销售",
    "ws-headquarters": "Headquarters 总部",
    "ws-data-platform": "Data platform 数据平台",
    "ws-operations": "Operations 运营",
}
ADMINISTRATORS = {"ws-sales": "chen"}

CONFIRMATION = (
    "I use these personal details for the purpose named in my request only, and pass them on to nobody. "
    "我只为申请中写明的目的使用这些个人信息，不转交他人。"
)
MASKED = [
    {"name": "phone", "label": "Phone 电话", "is_masked": True},
    {"name": "email", "label": "Email 邮箱", "is_masked": True},
    {"name": "city", "label": "City 城市", "is_masked": False},
]

CATALOGUE: tuple[tuple[ResourceType, str, str, str, str | None, dict[str, Any]], ...] = (
    (ResourceType.DASHBOARD, "sales-overview", "Sales overview 销售总览", "ws-sales", "chen", {}),
    (
        ResourceType.DASHBOARD,
        "regional-revenue",
        "Regional revenue 区域收入",
        "ws-sales",
        "chen",
        {"edit_permission": EditPermission.PRIVATE},
    ),
    (
        ResourceType.WORKBOOK,
        "monthly-targets",
        "Monthly targets 月度目标",
        "ws-sales",
        "bob",
        {"edit_permission": EditPermission.ALL_MEMBERS},
    ),
    (
        ResourceType.DATA_PORTAL,
        "executive-portal",
        "Executive portal 高管门户",
        "ws-headquarters",
        "alice",
        {},
    ),
    (ResourceType.DATASET, "orders", "Orders 订单明细", "ws-data-platform", "chen", {}),
    (ResourceType.DASHBOARD, "supply-chain", "Supply chain 供应链", "ws-operations", "frank", {}),
    (ResourceType.DATASET, "web-traffic", "Web traffic 网站流量", "ws-data-platform", None, {}),
    (
        ResourceType.AD_HOC_ANALYSIS,
        "customer-cohorts",
        "Customer cohorts 客户分群",
        "ws-sales",
        "chen",
        {},
    ),
    (
        ResourceType.SELF_SERVICE_RETRIEVAL,
        "order-extract",
        "Order extract 订单取数",
        "ws-data-platform",
        "chen",
        {},
    ),
    (ResourceType.DATA_SCREEN, "war-room", "War room 指挥大屏", "ws-operations", "frank", {}),
    (ResourceType.DATA_ENTRY_FORM, "budget-entry", "Budget entry 预算填报", "ws-headquarters", "alice", {}),
    (
        ResourceType.DATASET,
        "customers",
        "Customers 客户档案",
        "ws-data-platform",
        "chen",
        {"columns": MASKED, "confirmation": CONFIRMATION},
    ),
    (ResourceType.DATA_SOURCE, "warehouse", "Warehouse 数据仓库", "ws-data-platform", "chen", {}),
)


def seed(services: Services, *, corp_id: str) -> None:
    """Make Alice an organization admin and fill an empty catalogue."""
    services.people.grant_role(
        PORTAL, corp_id=corp_id, user_id=ADMIN, role=Role.ORGANIZATION_ADMIN, name=PEOPLE[ADMIN]
    )
    now = services.clock.now()
    with transaction() as session:
        if session.scalar(select(Resource.id).limit(1)) is not None:
            return
        people = _people(session, corp_id, now)
        workspaces = {key: Workspace(external_id=key, name=name) for key, name in WORKSPACES.items()}
        session.add_all(workspaces.values())
        for key, user_id in ADMINISTRATORS.items():
            workspaces[key].members.append(
                WorkspaceMember(person=people[user_id], role=WorkspaceRole.ADMINISTRATOR.value, given_at=now)
            )
        for resource_type, external_id, name, workspace, owner, more in CATALOGUE:
            link = f"https://bi.example.com/{resource_type}/{external_id}"
            session.add(
                Resource(
                    resource_type=resource_type,
                    external_id=external_id,
                    name=name,
                    workspace=WORKSPACES[workspace],
                    home=workspaces[workspace],
                    link=link,
                    link_key=link_key(link),
                    owner=people[owner] if owner else None,
                    **more,
                )
            )
        record(
            session,
            PORTAL,
            "catalogue.seeded",
            at=now,
            subject=("catalogue", "demo"),
            after={"resources": len(CATALOGUE)},
        )


def _people(session: Session, corp_id: str, now: datetime) -> dict[str, Person]:
    known = {
        each.user_id: each
        for each in session.scalars(select(Person).filter_by(corp_id=corp_id))
        if each.user_id
    }
    for user_id, name in PEOPLE.items():
        if user_id not in known:
            known[user_id] = Person(
                corp_id=corp_id, user_id=user_id, name=name, departments=[], created_at=now
            )
    return known
