"""Work notices: sent, asked about, recalled (DingTalk: asynchronous-sending-of-enterprise-session-messages).

Beyond some limits a message is answered with success and not delivered; only its result tells.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import func, select

from portal.sandbox.api.errors import ApiError, refused_old, request_id
from portal.sandbox.api.gate import Call
from portal.sandbox.api.message_rules import check_message
from portal.sandbox.clock import start_of_day
from portal.sandbox.shapes import as_number, is_number
from portal.sandbox.tables import Message, Person, Relation
from portal.sandbox.tables.messages import FIRST_MESSAGE_TASK

MOST_RECEIVERS = 100
MOST_A_DAY = 500
TOO_MANY_TODAY, IDENTICAL_TODAY = "143105", "143106"
RESULTS_KEPT_MS = 24 * 3600 * 1000


def send(call: Call) -> dict[str, Any]:
    """Take a message for up to 100 people; whoever the organisation does not have is left out."""
    given = call.body
    _check_agent(call, given)
    body = _message(given.get("msg"))
    check_message(body)
    receivers = _receivers(call, given)
    task_id = FIRST_MESSAGE_TASK + (call.session.scalar(select(func.max(Message.id))) or 0) + 1
    content = json.dumps(body, ensure_ascii=False, sort_keys=True)
    for userid in receivers:
        call.session.add(
            Message(
                task_id=task_id,
                userid=userid,
                body=body,
                content=content,
                withheld=_withheld(call, userid=userid, content=content),
                sent_at=call.now,
            )
        )
    return {"errcode": 0, "errmsg": "ok", "task_id": task_id, "request_id": request_id()}


def result(call: Call) -> dict[str, Any]:
    """Who got a message and who did not, for 24 hours (DingTalk: getsendresult)."""
    given = call.body
    _check_agent(call, given)
    messages = _of_task(call, given.get("task_id"))
    delivered = [each for each in messages if not each.withheld]
    told = {
        "invalid_user_id_list": [],
        "forbidden_user_id_list": [each.userid for each in messages if each.withheld],
        "failed_user_id_list": [],
        "read_user_id_list": [each.userid for each in delivered if each.is_read],
        "unread_user_id_list": [each.userid for each in delivered if not each.is_read],
        "invalid_dept_id_list": [],
        "forbidden_list": [
            {"code": each.withheld, "count": 1, "userid": each.userid} for each in messages if each.withheld
        ],
    }
    return {"errcode": 0, "errmsg": "ok", "send_result": told, "request_id": request_id()}


def recall(call: Call) -> dict[str, Any]:
    """Take a message back from everybody (DingTalk: recall)."""
    given = call.body
    _check_agent(call, given)
    for message in _of_task(call, given.get("msg_task_id")):
        message.is_recalled = True
    return {"errcode": 0, "errmsg": "ok", "request_id": request_id()}


def _check_agent(call: Call, given: dict[str, Any]) -> None:
    agent_id = as_number(given.get("agent_id"))
    if agent_id in (None, ""):
        raise refused_old(41011, "缺少agentid")
    if agent_id != call.sandbox.config.agent_id:
        raise refused_old(40056, "不合法的agentid")


def _message(given: object) -> dict[str, Any]:
    if isinstance(given, str):  # sent as a form
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
    if not isinstance(given, dict):
        raise refused_old(400002, "参数错误：msg")
    return given


def _receivers(call: Call, given: dict[str, Any]) -> list[str]:
    listed = [each.strip() for each in str(given.get("userid_list") or "").split(",") if each.strip()]
    if not listed or len(listed) > MOST_RECEIVERS:
        raise refused_old(400002, "参数错误：userid_list")
    staff = select(Person.userid).where(
        Person.userid.in_(listed), Person.is_active, Person.relation == Relation.STAFF
    )
    known = set(call.session.scalars(staff))
    receivers = [userid for userid in dict.fromkeys(listed) if userid in known]
    if not receivers:
        raise refused_old(33012, "无效的USERID")
    return receivers


def _withheld(call: Call, *, userid: str, content: str) -> str:
    today = select(func.count()).where(Message.userid == userid, Message.sent_at >= start_of_day(call.now))
    if call.session.scalar(today.where(Message.content == content, Message.withheld == "")):
        return IDENTICAL_TODAY
    return TOO_MANY_TODAY if (call.session.scalar(today) or 0) >= MOST_A_DAY else ""


def _of_task(call: Call, given: object) -> list[Message]:
    task_id = as_number(given)
    found: list[Message] = []
    if is_number(task_id):
        recent = Message.sent_at > call.now - RESULTS_KEPT_MS
        found = list(call.session.scalars(select(Message).where(Message.task_id == task_id, recent)))
    if not found:
        raise _unknown_task()
    return found


def _unknown_task() -> ApiError:
    return refused_old(400002, "参数错误：task_id")
