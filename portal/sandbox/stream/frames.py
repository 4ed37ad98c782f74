"""The frames of Stream mode, as the official libraries expect them.

DingTalk: protocol of Stream mode. ``data`` is always a JSON string, also in acknowledgements.
"""

from __future__ import annotations

import json
import secrets
from enum import StrEnum
from typing import Any

from portal.sandbox.clock import now_ms

QUOTA_USED_UP = 20001
# In a frame these stand in the headers.
OUTSIDE_OF_CONTENT = frozenset({"EventType", "EventTime", "CorpId", "BizId", "eventId"})


class SystemTopic(StrEnum):
    """What the gateway says about the connection itself."""

    CONNECTED = "CONNECTED"
    PING = "ping"
    DISCONNECT = "disconnect"


class AckStatus(StrEnum):
    """``LATER`` asks for the event again; ``BAD`` is a code other than 200."""

    SUCCESS = "SUCCESS"
    LATER = "LATER"
    BAD = "BAD"


def system_frame(topic: SystemTopic, **content: str) -> dict[str, Any]:
    """A frame about the connection."""
    return _frame("SYSTEM", {"topic": topic.value, **_basics()}, json.dumps(content))


def event_frame(
    payload: dict[str, Any], *, message_id: str, connection_id: str, app_key: str, corp_id: str
) -> dict[str, Any]:
    """An event: what a callback's message says at its top stands in the headers here."""
    content = {name: value for name, value in payload.items() if name not in OUTSIDE_OF_CONTENT}
    headers = {
        **_event_headers(message_id=message_id, connection_id=connection_id, app_key=app_key),
        "eventType": str(payload.get("EventType", "")),
        "eventId": str(payload.get("eventId") or secrets.token_hex(16)),
        "eventCorpId": corp_id,
        "eventBornTime": str(payload.get("EventTime") or now_ms()),
        "eventUnifiedAppId": "bbb381b6-0000-4000-8000-000000000001",
    }
    return _frame("EVENT", headers, json.dumps(content, ensure_ascii=False))


def quota_frame(*, message_id: str, connection_id: str, app_key: str) -> dict[str, Any]:
    """What comes in the place of an event once the month's pushes are used up: no content, only the code."""
    headers = _event_headers(message_id=message_id, connection_id=connection_id, app_key=app_key)
    return {
        **_frame("EVENT", headers, ""),
        "errCode": QUOTA_USED_UP,
        "errMsg": "企业本月事件推送次数已达上限",
    }


def read_ack(text: str | bytes) -> tuple[str, AckStatus] | None:
    """Return which message was acknowledged and how; None for anything else.

    The official Python library echoes the event in the place of a status, which counts as success.
    """
    try:
        ack = json.loads(text)
        message_id, code = ack["headers"]["messageId"], ack["code"]
        content = json.loads(ack.get("data") or "{}")
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    if code != 200:
        return str(message_id), AckStatus.BAD
    is_later = isinstance(content, dict) and content.get("status") == AckStatus.LATER
    return str(message_id), AckStatus.LATER if is_later else AckStatus.SUCCESS


def _event_headers(*, message_id: str, connection_id: str, app_key: str) -> dict[str, str]:
    return {
        **_basics(),
        "appId": app_key,
        "connectionId": connection_id,
        "messageId": message_id,
        "topic": "*",
    }


def _basics() -> dict[str, str]:
    return {"messageId": secrets.token_hex(8), "contentType": "application/json", "time": str(now_ms())}


def _frame(kind: str, headers: dict[str, str], content: str) -> dict[str, Any]:
    return {"specVersion": "1.0", "type": kind, "headers": headers, "data": content}
