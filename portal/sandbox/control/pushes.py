"""The event subscription, the deliveries, and events made by hand."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.sandbox.clock import now_ms
from portal.sandbox.control.guard import ControlRefused, json_body
from portal.sandbox.push import handshake
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import SettingRefused, Subscription, change
from portal.sandbox.settings import load as load_settings
from portal.sandbox.tables import Delivery, DeliveryState

MOST_SHOWN = 200


def put_subscription() -> ResponseReturnValue:
    subscription = _subscription()
    handshake.store(current_sandbox(), subscription)
    return jsonify(subscription=vars(subscription))


def save_subscription() -> ResponseReturnValue:
    verdict = handshake.save(current_sandbox(), _subscription())
    shown = {
        "saved": verdict.is_ok,
        "outcome": verdict.outcome.value,
        "http_status": verdict.http_status,
        "milliseconds": verdict.milliseconds,
        "field": verdict.field,
        "word": verdict.word,
    }
    return jsonify(verdict=shown), 200 if verdict.is_ok else 409


def delete_subscription() -> ResponseReturnValue:
    with current_sandbox().storage.write() as session:
        change(session, subscription=None)
    return jsonify(subscription=None)


def get_stream() -> Response:
    open_ones = current_sandbox().gateway.connections()
    return jsonify(
        connections=[
            {"id": each.id, "opened_at": each.opened_at, "messages": each.messages} for each in open_ones
        ]
    )


def post_stream_end() -> Response:
    body, sandbox = json_body(), current_sandbox()
    if body.get("is_planned", True):
        with sandbox.storage.read() as session:
            seconds = load_settings(session).stream_closing_seconds
        ended = sandbox.gateway.disconnect_all(closing_seconds=seconds, reason="connection is expired")
    else:
        ended = sandbox.gateway.cut_all()
    return jsonify(ended=ended)


def get_deliveries() -> Response:
    latest = select(Delivery).order_by(Delivery.id.desc()).limit(MOST_SHOWN)
    wanted = request.args.get("state")
    if wanted:
        latest = latest.where(Delivery.state == wanted)
    with current_sandbox().storage.read() as session:
        shown = [_shown(delivery) for delivery in session.scalars(latest)]
    return jsonify(deliveries=shown[::-1])


def post_event() -> ResponseReturnValue:
    body = json_body()
    payload, envelope = body.get("payload"), body.get("envelope")
    given = envelope if payload is None else payload
    if not isinstance(given, dict) or (payload is not None and envelope is not None):
        raise ControlRefused("send either payload or envelope, an object")
    delivery = Delivery(
        event_type=str((payload or {}).get("EventType", "raw")),
        summary=str((payload or {}).get("type", "")),
        payload=payload or {},
        envelope=envelope,
        note="by hand",
        state=DeliveryState.WAITING,
        created_at=now_ms(),
        due_at=now_ms(),
    )
    sandbox = current_sandbox()
    with sandbox.storage.write() as session:
        session.add(delivery)
        session.flush()
        number = delivery.id
    sandbox.wake.set()
    return jsonify(delivery_id=number), 202


def _subscription() -> Subscription:
    try:
        return handshake.checked(json_body())
    except SettingRefused as error:
        raise ControlRefused(str(error)) from error


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event_type": delivery.event_type,
        "state": delivery.state,
        "note": delivery.note,
        "payload": delivery.payload,
        "due_at": delivery.due_at,
        "attempts": [
            {
                "at": attempt.at,
                "url": attempt.url,
                "outcome": attempt.outcome,
                "http_status": attempt.http_status,
                "milliseconds": attempt.milliseconds,
            }
            for attempt in delivery.attempts
        ],
    }


ROUTES = (
    ("/subscription", ["PUT"], put_subscription),
    ("/subscription", ["DELETE"], delete_subscription),
    ("/subscription/save", ["POST"], save_subscription),
    ("/stream", ["GET"], get_stream),
    ("/stream/end", ["POST"], post_stream_end),
    ("/deliveries", ["GET"], get_deliveries),
    ("/events", ["POST"], post_event),
)
