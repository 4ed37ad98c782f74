"""List instance ids of a template (DingTalk: obtain-an-approval-list-of-instance-ids)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from portal.sandbox.api.errors import refused
from portal.sandbox.api.gate import Call
from portal.sandbox.approval.templates import find_template
from portal.sandbox.shapes import are_texts, is_number
from portal.sandbox.tables import Instance

DAY_MS = 24 * 3600 * 1000
OLDEST_DAYS, WIDEST_DAYS = 365, 120
LARGEST_PAGE, MOST_USERS, MOST_IDS = 20, 10, 10000
STATUSES = ("RUNNING", "TERMINATED", "COMPLETED")


def list_ids(call: Call) -> dict[str, Any]:
    """``nextToken`` goes in as a number and comes out as a text, absent at the end."""
    body = call.body
    if find_template(call.session, body.get("processCode")) is None:
        raise refused("invalidProcessCode", "无效的processCode")
    token = _number(body.get("nextToken"), code="invalidNextToken", lowest=0, highest=MOST_IDS)
    size = _number(body.get("maxResults"), code="invalidMaxResults", lowest=1, highest=LARGEST_PAGE)
    ids = list(call.session.scalars(_query(call).offset(token).limit(size + 1)))
    answer: dict[str, Any] = {"list": ids[:size]}
    if len(ids) > size:
        answer["nextToken"] = str(token + size)
    return {"result": answer, "success": True}


def _query(call: Call) -> Select[tuple[str]]:
    body = call.body
    start, end = _period(call)
    query = (
        select(Instance.id)
        .where(Instance.process_code == body["processCode"])
        .where(Instance.created_at >= start, Instance.created_at <= end)
        .order_by(Instance.created_at, Instance.position)
    )
    users, statuses = body.get("userIds") or [], body.get("statuses") or []
    if not are_texts(users) or len(users) > MOST_USERS:
        raise refused("invalidUserIds", "无效的userIds")
    if not are_texts(statuses) or not set(statuses) <= set(STATUSES):
        raise refused("invalidStatuses", "无效的statuses")
    if users:
        query = query.where(Instance.originator_userid.in_(users))
    return query.where(Instance.status.in_(statuses)) if statuses else query


def _period(call: Call) -> tuple[int, int]:
    start, end = call.body.get("startTime"), call.body.get("endTime")
    if not is_number(start, lowest=call.now - OLDEST_DAYS * DAY_MS):
        raise refused("invalidInstanceListIdsStartTime", "无效的startTime")
    if end is None:
        end = call.now
    if not is_number(end, lowest=start) or end - start > WIDEST_DAYS * DAY_MS:
        raise refused("invalidEndTime", "无效的endTime")
    return start, end


def _number(value: Any, *, code: str, lowest: int, highest: int) -> int:
    if not is_number(value, lowest=lowest, highest=highest):
        raise refused(code, f"无效的{code.removeprefix('invalid')}")
    return value
