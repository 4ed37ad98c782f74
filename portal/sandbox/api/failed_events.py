"""The failed-push list, emptied by reading (DingTalk: obtain-the-event-list-of-failed-push-messages)."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from portal.sandbox.api.gate import Call
from portal.sandbox.settings import FailedPushShape
from portal.sandbox.tables import Delivery, DeliveryState

LARGEST_PAGE = 200


def failed_events(call: Call) -> dict[str, Any]:
    """Events whose last attempt failed at least the setting's delay ago."""
    ripe = call.now - int(call.settings.failed_list_delay_seconds * 1000)
    failed = select(Delivery).where(Delivery.state == DeliveryState.FAILED, Delivery.failed_at <= ripe)
    found = list(call.session.scalars(failed.order_by(Delivery.id).limit(LARGEST_PAGE + 1)))
    page = found[:LARGEST_PAGE]
    for delivery in page:
        delivery.state = DeliveryState.FETCHED
    return {
        "errcode": 0,
        "errmsg": "ok",
        "has_more": len(found) > LARGEST_PAGE,
        "failed_list": [_entry(delivery, shape=call.settings.failed_push_shape) for delivery in page],
    }


def _entry(delivery: Delivery, *, shape: FailedPushShape) -> dict[str, Any]:
    payload = delivery.payload
    corp = {"corpid": payload.get("CorpId", "")}
    told: dict[FailedPushShape, Any] = {
        FailedPushShape.IN_CALLBACK_PART: {**corp, "bpmsCallBackData": payload},
        FailedPushShape.UNDER_TAG: {**corp, **payload},
        FailedPushShape.AS_TEXT: json.dumps({**corp, "bpmsCallBackData": json.dumps(payload)}),
        FailedPushShape.EMPTY: {**corp, "bpmsCallBackData": {}},
    }
    return {
        "call_back_tag": delivery.event_type,
        "event_time": payload.get("EventTime", delivery.created_at),
        delivery.event_type: told[shape],
    }
