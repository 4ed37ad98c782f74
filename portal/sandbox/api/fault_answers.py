"""What a call under a fault is answered with, before or after its work was done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, request

from portal.sandbox.api import meter
from portal.sandbox.api.errors import ApiError, refused, refused_old
from portal.sandbox.api.operations import Family, Operation
from portal.sandbox.api.permissions import permission_missing
from portal.sandbox.api.tokens import invalid_token
from portal.sandbox.faults import FaultName
from portal.sandbox.runtime import Sandbox
from portal.sandbox.settings import Settings

RESET_CONNECTION = "sandbox.reset_connection"
HELD_BEFORE = frozenset({FaultName.TIME_OUT_BEFORE, FaultName.RESET_BEFORE, FaultName.HTML_BODY})
HTML = "<!doctype html><html><body><h1>punish</h1><p>Sorry, your request has been blocked.</p></body></html>"


def before(
    operation: Operation, name: str, *, part: str, settings: Settings, sandbox: Sandbox
) -> ApiError | None:
    """The error to answer instead of doing anything, or None."""
    if name == FaultName.CODE_BEFORE:
        status, code = part.split(" ")
        return ApiError(int(status), code, _chosen(code))
    config, text = sandbox.config, settings.permission_text
    answers: dict[str, Callable[[], ApiError]] = {
        FaultName.THROTTLE_QPS: lambda: meter.throttled(operation),
        FaultName.THROTTLE_429: lambda: _busy(operation),
        FaultName.QUOTA_EXHAUSTED: lambda: meter.quota_exhausted(operation),
        FaultName.PERMISSION_MISSING: lambda: permission_missing(operation, text=text, config=config),
        FaultName.INVALID_TOKEN_ONCE: lambda: invalid_token(operation),
        FaultName.NOT_YET_READABLE: lambda: refused("processInstanceNotExist", "审批实例不存在"),
        FaultName.HTTP_500_BEFORE: lambda: refused("systemError", "系统异常", status=500),
    }
    if name in HELD_BEFORE:
        return ApiError(0, name, {})
    return answers[name]() if name in answers else None


def after(name: str, *, part: str, hold_seconds: float) -> Response | None:
    """The answer that hides a work already committed, or None."""
    if name == FaultName.CODE_AFTER_COMMIT:
        status, code = part.split(" ")
        return _json(json.dumps(_chosen(code)), status=int(status))
    if name in (FaultName.TIME_OUT_AFTER_COMMIT, FaultName.RESET_AFTER_COMMIT):
        return transport_failure(name, hold_seconds=hold_seconds)
    if name == FaultName.HTTP_500_AFTER_COMMIT:
        return _json('{"code":"systemError","message":"系统异常","requestid":"0"}', status=500)
    if name == FaultName.SYSTEM_ERROR_200:
        return _json('{"code":"sysErrror","message":"创建审批实例系统异常","requestid":"0"}', status=200)
    return None


def transport_failure(name: str, *, hold_seconds: float) -> Response:
    """Hold the answer past the caller's patience, cut the connection, or answer a page instead of JSON."""
    if name in (FaultName.TIME_OUT_BEFORE, FaultName.TIME_OUT_AFTER_COMMIT):
        time.sleep(hold_seconds)
        return _json('{"code":"systemError","message":"gateway time-out","requestid":"0"}', status=504)
    if name in (FaultName.RESET_BEFORE, FaultName.RESET_AFTER_COMMIT):
        return Response(_cut(request.environ.get(RESET_CONNECTION)), direct_passthrough=True)
    return Response(HTML, status=200, content_type="text/html;charset=UTF-8")


def _cut(reset_connection: Callable[[], None] | None) -> Iterator[bytes]:
    # Only the sandbox's own server can reset a connection; under another one the answer breaks off.
    if reset_connection is None:
        raise ConnectionResetError("the sandbox cuts this connection")
    reset_connection()
    yield b""


def _busy(operation: Operation) -> ApiError:
    if operation.family is Family.OLD:
        return refused_old(-1, "系统繁忙")
    return refused("systemBusy", "系统繁忙，请稍后再试", status=429)


def _chosen(code: str) -> dict[str, Any]:
    words = {"message": "chosen for this call", "requestid": "0"}
    return words if code == "-" else {"code": code, **words}


def _json(text: str, *, status: int) -> Response:
    return Response(text, status=status, content_type="application/json;charset=UTF-8")
