"""The demo's admin and catalogue; safe to run at every start."""

from __future__ import annotations

from sqlalchemy import select

from portal.database import transaction
from portal.models import Person, Resource
from portal.models.person import Role
from portal.models.resource import ResourceType
from portal.services.audit import PORTAL, record
from portal.services.registry import Services

ADMIN = "alice"
PEOPLE = {
    "alice": "Alice Zhang 张爱丽",
    "bob": "Bob Li 李博",
    "chen": "Chen Wei 陈伟",
    "frank": "Frank Zhao 赵峰",
}

CATALOGUE = (
    (ResourceType.DASHBOARD, "sales-overview", "Sales overview 销售总览", "Sales 销售", "chen"),
    (ResourceType.DASHBOARD, "regional-revenue", "Regional revenue 区域收入", "Sales 销售", "chen"),
    (ResourceType.WORKBOOK, "monthly-targets", "Monthly targets 月度目标", "Sales 销售", "bob"),
    (ResourceType.DATA_PORTAL, "executive-portal", "Executive portal 高管门户", "Headquarters 总部", "alice"),
    (ResourceType.DATASET, "orders", "Orders 订单明细", "Data platform 数据平台", "chen"),
    (ResourceType.DASHBOARD, "supply-chain", "Supply chain 供应链", "Operations 运营", "frank"),
    (ResourceType.DATASET, "web-traffic", "Web traffic 网站流量", "Data platform 数据平台", None),
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
        owners: dict[str | None, Person | None] = {None: None}
        for user_id, name in PEOPLE.items():
            known = session.scalar(select(Person).filter_by(corp_id=corp_id, user_id=user_id))
            owners[user_id] = known or Person(
                corp_id=corp_id, user_id=user_id, name=name, departments=[], created_at=now
            )
        for resource_type, external_id, name, workspace, owner in CATALOGUE:
            session.add(
                Resource(
                    resource_type=resource_type,
                    external_id=external_id,
                    name=name,
                    workspace=workspace,
                    link=f"https://bi.example.com/{resource_type}/{external_id}",
                    owner=owners[owner],
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
