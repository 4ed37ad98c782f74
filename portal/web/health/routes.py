"""Health for load balancers and metrics for Prometheus."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from flask import Blueprint, Response, abort, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST

from portal.services.registry import services
from portal.settings import Settings
from portal.web.health.metrics import metrics_text

health = Blueprint("health", __name__)


@health.get("/health/live")
def live() -> Response:
    return jsonify(status="alive")


@health.get("/health/ready")
def ready() -> tuple[Response, int]:
    problems = services().health.problems()
    status = "not ready" if problems else "ready"
    return jsonify(status=status, problems=problems), 503 if problems else 200


@health.get("/metrics")
def metrics() -> Response:
    if not _may_read_metrics():
        abort(404)
    return Response(metrics_text(), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics() -> bool:
    settings: Settings = current_app.config["PORTAL_SETTINGS"]
    if settings.metrics_token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.metrics_token.encode())
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
