"""What a webhook is told, as JSON: the names of docs/webhook.md, which other people's programs rely on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from portal.grants.grant_target import GrantOrder

SCHEMA = 1


class WebhookEvent(StrEnum):
    """What a call is about."""

    DELIVER = "grant.deliver"
    REMOVE = "grant.remove"
    CHECK = "grant.check"
    TEST = "test"


def body_of(event: WebhookEvent, order: GrantOrder) -> bytes:
    """Return the body of a call about one grant: the same bytes for the same order."""
    return _json(
        {
            "version": SCHEMA,
            "event": event,
            "delivery_id": order.delivery_id,
            "grant": {
                "id": order.grant_id,
                "request_number": order.request_number,
                "level": order.entitlement,
                "columns": list(order.columns),
                "approved_at": _moment(order.approved_at),
                "expires_at": _moment(order.expires_at),
            },
            "person": {
                "user_id": order.person_user_id,
                "union_id": order.person_union_id,
                "name": order.person_name,
            },
            "resource": {
                "type": order.resource_type,
                "id": order.resource_id,
                "name": order.resource_name,
                "workspace_id": order.workspace_id,
                "link": order.link,
            },
            "others": [
                {
                    "level": each.entitlement,
                    "columns": list(each.columns),
                    "expires_at": _moment(each.expires_at),
                }
                for each in order.others
            ],
        }
    )


def probe_body(delivery_id: str) -> bytes:
    """Return the body of a call that is about nothing."""
    return _json({"version": SCHEMA, "event": WebhookEvent.TEST, "delivery_id": delivery_id})


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _moment(at: datetime | None) -> str | None:
    if at is None:
        return None
    zoned = at if at.tzinfo else at.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
