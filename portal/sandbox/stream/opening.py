"""``connections/open``: the app's credentials for an address and a ticket (DingTalk: protocol of Stream mode)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from flask import Response, request

from portal.sandbox.api.errors import ApiError, refused
from portal.sandbox.api.gate import Call
from portal.sandbox.stream.gateway import PATH, GatewayMissing

LARGEST_AMOUNT_OF_TOPICS = 20


def open_connection(call: Call) -> dict[str, Any]:
    """Check the credentials and what is asked for; no token is needed."""
    body, config = call.body, call.sandbox.config
    if body.get("clientId") != config.app_key or body.get("clientSecret") != config.app_secret:
        raise refused("authFailed", "鉴权失败", status=401)
    if not _are_subscriptions(body.get("subscriptions")):
        raise refused("invalidParameter", "参数subscriptions不合法")
    try:
        port, ticket = call.sandbox.gateway.admit(
            ticket_seconds=call.settings.stream_ticket_seconds, ping_seconds=call.settings.stream_ping_seconds
        )
    except GatewayMissing as error:
        raise _without_gateway() from error
    host = urlsplit(request.host_url).hostname or "127.0.0.1"
    return {"endpoint": f"ws://{f'[{host}]' if ':' in host else host}:{port}{PATH}", "ticket": ticket}


def as_asked(response: Response) -> Response:
    """Answer in XML whoever does not ask for JSON by name, as the gateway does."""
    if "application/json" in request.headers.get("Accept", ""):
        return response
    body = response.get_json(silent=True) or {}
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in body.items())
    response.set_data(f"<?xml version='1.0' encoding='UTF-8'?><result>{inner}</result>")
    response.content_type = "application/xml;charset=UTF-8"
    return response


def _are_subscriptions(given: Any) -> bool:
    return (
        isinstance(given, list)
        and 0 < len(given) <= LARGEST_AMOUNT_OF_TOPICS
        and all(
            isinstance(each, dict)
            and each.get("type") in ("EVENT", "CALLBACK", "SYSTEM")
            and each.get("topic")
            for each in given
        )
    )


def _without_gateway() -> ApiError:
    return refused(
        "serviceUnavailable",
        "This sandbox cannot speak websocket: install approval-portal[stream].",
        status=503,
    )
