"""The people everybody meets in the sandbox: the four of the demo and those whose cases go wrong."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy.orm import Session

from portal.sandbox.tables import Department, Person, Relation, Role

DATA_PLATFORM, SALES, FINANCE, SALES_EAST = 100000001, 100000002, 100000003, 100000004
ROOT = 1

_DEPARTMENTS = (
    (ROOT, "Harbour Trading 海港商贸", None),
    (DATA_PLATFORM, "Data Platform 数据平台", ROOT),
    (SALES, "Sales 销售部", ROOT),
    (FINANCE, "Finance 财务部", ROOT),
    (SALES_EAST, "Sales East 华东销售组", SALES),
)

_ROLES = (
    (200649095, "Finance 财务", "Function 职能", ["dora", "kate"]),
    (200649096, "Data steward 数据管家", "Function 职能", ["henry", "grace"]),
    (200649097, "Head 负责人", "Position 职务", ["chen", "iris", "kate"]),
)

_PEOPLE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("alice", "Alice Zhang 张爱丽", {"title": "Administrator", "is_admin": True, "in": [DATA_PLATFORM]}),
    ("bob", "Bob Li 李博", {"title": "Analyst", "in": [SALES], "manager_userid": "chen"}),
    (
        "chen",
        "Chen Wei 陈伟",
        {"title": "Head of Sales", "in": [SALES], "manager_userid": "iris", "leads": [SALES]},
    ),
    ("dora", "Dora Wu 吴朵", {"title": "Accountant", "in": [FINANCE], "manager_userid": "kate"}),
    ("eve", "Eve Sun 孙怡", {"title": "Adviser", "in": [ROOT]}),
    ("frank", "Frank Zhao 赵峰", {"title": "Analyst", "in": [SALES], "is_active": False}),
    (
        "grace",
        "Grace Lin 林雅",
        {"title": "Business partner", "in": [SALES, FINANCE], "manager_userid": "chen"},
    ),
    ("henry", "Henry Gao 高恒", {"title": "Engineer", "in": [DATA_PLATFORM], "manager_userid": "alice"}),
    ("iris", "Iris He 何静", {"title": "General manager", "in": [ROOT], "leads": [ROOT]}),
    ("jack", "Jack Mo 莫杰", {"title": "Sales", "in": [SALES_EAST], "manager_userid": "chen"}),
    ("kate", "Kate Xu 徐凯", {"title": "Head of Finance", "in": [FINANCE], "leads": [FINANCE]}),
    ("victor", "Victor Vendor 供应商维克", {"relation": Relation.EXTERNAL_CONTACT}),
    ("olga", "Olga Outside 外部奥佳", {"relation": Relation.OTHER_ORGANISATION}),
)


def seed(session: Session) -> None:
    """Add the cast to an empty file; a file that has people is left as it is."""
    if session.get(Department, ROOT) is not None:
        return
    session.add_all(
        Department(id=number, name=name, parent_id=parent) for number, name, parent in _DEPARTMENTS
    )
    session.add_all(
        Role(id=number, name=name, group_name=group, members=members)
        for number, name, group, members in _ROLES
    )
    session.add_all(
        _person(position=position, userid=userid, name=name, facts=dict(facts))
        for position, (userid, name, facts) in enumerate(_PEOPLE)
    )


def _person(*, position: int, userid: str, name: str, facts: dict[str, Any]) -> Person:
    departments, leads = facts.pop("in", []), facts.pop("leads", [])
    return Person(
        userid=userid,
        position=position,
        name=name,
        union_id=union_id_of(userid),
        department_ids=departments,
        leads_department_ids=leads,
        **facts,
    )


def union_id_of(userid: str) -> str:
    """The id by which other products of the vendor know a person of the cast."""
    return "u" + hashlib.sha256(userid.encode()).hexdigest()[:22] + "iEiE"
