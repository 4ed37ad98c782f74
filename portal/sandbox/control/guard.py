"""Who may use the control API: this machine only, and no browser page of somebody else."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from flask import Response, jsonify, request

from portal.sandbox.shapes import json_object

HEADER = "X-Sandbox-Control"


class ControlRefused(Exception):
    """A control request that makes no sense; ``status`` is the HTTP status, the text says why."""

    def __init__(self, message: str, *, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


def check_caller() -> None:
    """Raise ``ControlRefused`` unless the caller is on loopback and sent the header browsers cannot forge.

    The host is checked too: a name that resolves to this machine would make a foreign page its own origin.
    """
    if not (
        _is_loopback(request.remote_addr or "") and _is_loopback(urlsplit(request.host_url).hostname or "")
    ):
        raise ControlRefused("the control API answers this machine only", status=403)
    if request.headers.get(HEADER) != "1":
        raise ControlRefused(f"send the header {HEADER}: 1", status=403)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refusal(error: ControlRefused) -> tuple[Response, int]:
    """The answer to a refused control request."""
    return jsonify(error=str(error)), error.status


def json_body() -> dict[str, Any]:
    """The request's JSON object; raises ``ControlRefused``."""
    body = json_object()
    if body is None:
        raise ControlRefused("send a JSON object")
    return body
