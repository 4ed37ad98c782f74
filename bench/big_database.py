"""Fills an empty database with years of made-up requests, quickly, for the same people however many requests.

Some resources are asked for far more often than others and some people ask far more, as in life: lists that are
only fast on evenly spread rows would look good here for no reason.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.database import sqlite_driver
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.request_number import request_number

PEOPLE = 5_000
RESOURCES = 5_000
OWNERS = 400
DAYS = 3 * 365
WORKSPACES = 40
LEFT_OPEN = 400  # the newest; older ones are decided, but for a few
STUCK = 0.0005
LOT = 50_000
CORP_ID = "dingbench"
NEWEST_AT = datetime(2026, 11, 1, 9, tzinfo=UTC)

SURNAMES = (
    *(
        "Wang 王",
        "Li 李",
        "Zhang 张",
        "Liu 刘",
        "Chen 陈",
        "Yang 杨",
        "Zhao 赵",
        "Huang 黄",
        "Zhou 周",
        "Wu 吴",
    ),
    *("Xu 徐", "Sun 孙", "Hu 胡", "Zhu 朱", "Gao 高", "Lin 林", "He 何", "Guo 郭", "Ma 马", "Luo 罗"),
    *("Liang 梁", "Song 宋", "Zheng 郑", "Xie 谢", "Han 韩", "Tang 唐", "Feng 冯", "Yu 于"),
)
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文斌婷雪梅晨宇浩然子涵欣怡博思雨佳琪"
ENGLISH = (
    "Alan",
    "Bella",
    "Carl",
    "Diana",
    "Eric",
    "Fiona",
    "Gary",
    "Helen",
    "Ivan",
    "Julia",
    "Kevin",
    "Lucy",
)
TOPICS = (
    *("Sales 销售", "Orders 订单", "Margin 毛利", "Inventory 库存", "Returns 退货", "Traffic 流量"),
    *("Members 会员", "Campaigns 活动", "Budget 预算", "Payroll 薪酬", "Hiring 招聘", "Logistics 物流"),
    *(
        "Suppliers 供应商",
        "Quality 质量",
        "Complaints 投诉",
        "Channels 渠道",
        "Pricing 价格",
        "Cash flow 现金流",
    ),
    *("Receivables 应收", "Energy 能耗", "Stores 门店", "Forecast 预测", "Risk 风控", "Compliance 合规"),
)
REGIONS = ("East 华东", "South 华南", "North 华北", "West 西部", "Overseas 海外")
KINDS = ("data_portal", "dashboard", "workbook", "dataset")
CLOSED = (
    *((ApprovalState.APPROVED, 80), (ApprovalState.REJECTED, 12), (ApprovalState.WITHDRAWN, 6)),
    *((ApprovalState.TERMINATED, 2),),
)
OPEN = (
    *((ApprovalState.PENDING, 90), (ApprovalState.SUBMITTED, 4), (ApprovalState.START_UNKNOWN, 2)),
    *((ApprovalState.COULD_NOT_START, 4),),
)
RECORDS = {ApprovalState.APPROVED: "agreed", ApprovalState.REJECTED: "refused"}
COLUMNS = {
    "portal_person": "id corp_id user_id name is_active departments created_at",
    "portal_resource": "id resource_type external_id name workspace link owner_id",
    "portal_approval_template": "id corp_id source name process_code language field_mapping mode flow created_by_id "
    "created_at verified_at",
    "portal_access_request": "id number requester_id department_id reason requested_duration_days language state "
    "submission_key submitted_at closed_at",
    "portal_approval": "id request_id position channel template_id approver_id approver_reason state attempt "
    "resolve_tries retries submitted_values instance_id started_at closed_at version",
    "portal_request_item": "id request_id approval_id resource_id entitlement",
    "portal_approval_record": "approval_id position kind user_id person_name remark occurred_at",
}

Row = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request, as little as its rows can be written from; its approval and item have the same id."""

    id: int
    requester_id: int
    resource_id: int
    state: ApprovalState
    submitted_at: datetime


def fill(file: Path, *, requests: int, seed: int = 1) -> None:
    """Add people, resources and ``requests`` requests to the migrated, empty SQLite database in ``file``.

    Nothing else may have it open. If the machine stops meanwhile the file is worth nothing: durability is off.
    """
    connection = sqlite_driver().connect(str(file), isolation_level=None)
    try:
        for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN")
        for table, rows in _tables(requests, seed):
            columns = COLUMNS[table].split()
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
        connection.execute("COMMIT")
    finally:
        connection.close()


def person_name(person_id: int) -> str:
    """Return what a person is called: ``Fiona Wang 王芳``."""
    pinyin, surname = SURNAMES[person_id % len(SURNAMES)].split()
    english = ENGLISH[person_id % len(ENGLISH)]
    given = GIVEN[person_id % len(GIVEN)] + GIVEN[person_id // len(GIVEN) % len(GIVEN)]
    return f"{english} {pinyin} {surname}{given}"


def resource_name(resource_id: int) -> str:
    """Return what a resource is called: ``Orders 订单 South 华南 217``."""
    topic, region = TOPICS[resource_id % len(TOPICS)], REGIONS[resource_id % len(REGIONS)]
    return f"{topic} {region} {resource_id:04d}"


def owner_of(resource_id: int) -> int:
    """Return the person who decides about a resource."""
    return 1 + resource_id * 7 % OWNERS


def _tables(requests: int, seed: int) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "portal_person", map(_person, range(1, PEOPLE + 1))
    yield "portal_resource", map(_resource, range(1, RESOURCES + 1))
    yield "portal_approval_template", [_template()]
    tables = {
        "portal_access_request": _request,
        "portal_approval": _approval,
        "portal_request_item": _item,
    }
    random_numbers = random.Random(seed)  # noqa: S311
    for first in range(1, requests + 1, LOT):
        ids = range(first, min(first + LOT, requests + 1))
        lot = [_asked(each, requests, random_numbers) for each in ids]
        for table, row in tables.items():
            yield table, map(row, lot)
        yield "portal_approval_record", (_record(each) for each in lot if each.state in RECORDS)


def _asked(request_id: int, requests: int, numbers: random.Random) -> Asked:
    age = (requests - request_id) / requests
    is_open = requests - request_id < LEFT_OPEN or numbers.random() < STUCK
    states, weights = zip(*(OPEN if is_open else CLOSED), strict=True)
    return Asked(
        id=request_id,
        requester_id=1 + int(PEOPLE * numbers.random() ** 2),
        resource_id=1 + int(RESOURCES * numbers.random() ** 3),
        state=numbers.choices(states, weights)[0],
        submitted_at=NEWEST_AT - timedelta(days=DAYS * age),
    )


def _person(person_id: int) -> Row:
    return (person_id, CORP_ID, f"u{person_id:05d}", person_name(person_id), True, "[1]", _stored(NEWEST_AT))


def _resource(resource_id: int) -> Row:
    kind = KINDS[resource_id % len(KINDS)]
    workspace = f"Workspace {resource_id % WORKSPACES:02d} 工作区"
    name = resource_name(resource_id)
    return (resource_id, kind, f"r-{resource_id}", name, workspace, "", owner_of(resource_id))


def _template() -> Row:
    return (
        1,
        CORP_ID,
        "official",
        "Access",
        "PROC-1",
        "en",
        "{}",
        "peer_to_peer",
        "[]",
        1,
        *[_stored(NEWEST_AT)] * 2,
    )


def _request(asked: Asked) -> Row:
    number = request_number(asked.id, year=asked.submitted_at.year)
    at, key = _stored(asked.submitted_at), f"{asked.id:032x}"
    reason = "For the quarterly report 季度报告"
    return (asked.id, number, asked.requester_id, 1, reason, 30, "en", asked.state, key, at, _closed(asked))


def _approval(asked: Asked) -> Row:
    at, instance_id = _stored(asked.submitted_at), f"instance-{asked.id:013d}"
    values = json.dumps({"Request number": f"AR-{asked.id}", "Resource": resource_name(asked.resource_id)})
    return (
        *(asked.id, asked.id, 1, "dingtalk", 1, owner_of(asked.resource_id), "owner", asked.state, 1),
        *(0, 0, values, instance_id, at, _closed(asked), 3),
    )


def _item(asked: Asked) -> Row:
    return (asked.id, asked.id, asked.id, asked.resource_id, "view")


def _record(asked: Asked) -> Row:
    by = owner_of(asked.resource_id)
    return (asked.id, 1, RECORDS[asked.state], f"u{by:05d}", person_name(by), "同意", _closed(asked))


def _closed(asked: Asked) -> str | None:
    return _stored(asked.submitted_at + timedelta(hours=5)) if is_final(asked.state) else None


def _stored(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")
