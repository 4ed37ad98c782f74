"""The way every call takes: signature, fault, limit, handler; and the faults that come after its work."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from portal.sandbox import faults
from portal.sandbox.api import fault_answers
from portal.sandbox.clock import now_ms
from portal.sandbox.faults import FaultName
from portal.sandbox.quickbi.refusals import BiRefused, missing, wrong_parameter
from portal.sandbox.quickbi.signature import check_signature
from portal.sandbox.runtime import Sandbox, current_sandbox
from portal.sandbox.settings import Settings
from portal.sandbox.settings import load as load_settings
from portal.sandbox.tables import BiUser, BiWork, CallCount

WINDOW_SECONDS = 1.0
PREFIX = "quickbi."
_HIDDEN = {
    FaultName.TIME_OUT_AFTER_COMMIT,
    FaultName.RESET_AFTER_COMMIT,
    FaultName.HTTP_500_AFTER_COMMIT,
    FaultName.CODE_AFTER_COMMIT,
}


@dataclass(frozen=True, kw_only=True)
class BiCall:
    """One call being answered; ``now`` in epoch milliseconds."""

    session: Session
    settings: Settings
    args: MultiDict[str, str]
    now: int

    def text(self, name: str) -> str:
        """A required parameter."""
        if not self.args.get(name):
            raise missing(name)
        return self.args[name]

    def number(self, name: str, *, default: int | None = None) -> int:
        """A whole number, required without a default."""
        text = self.args.get(name) or (None if default is None else str(default))
        if text is None:
            raise missing(name)
        if not (text.isascii() and text.isdecimal()):
            raise wrong_parameter(name)
        return int(text)

    def work(self, name: str, *, absent: str = "Work.Not.Exist") -> BiWork:
        """The work that a required parameter names."""
        found = self.session.get(BiWork, self.text(name))
        if found is None:
            raise BiRefused(absent, "The specified work does not exist.")
        return found

    def user(self, name: str) -> BiUser:
        """The user that a required parameter names."""
        found = self.session.get(BiUser, self.text(name))
        if found is None or found.is_deleted:
            raise BiRefused("User.Not.In.Organization", "The user is not in the organization.")
        return found


Handler = Callable[[BiCall], Any]


def answer(actions: dict[str, Handler]) -> Response:
    """Answer the current request, which names its action in a header."""
    action, sandbox = request.headers.get("x-acs-action", ""), current_sandbox()
    try:
        _check(action, actions, sandbox=sandbox)
    except BiRefused as refused:
        return _refusal(refused)
    with sandbox.storage.write() as session:
        settings = load_settings(session)
        fault = faults.take(session, operation=PREFIX + action, for_event=False, is_named=True)
    name, part = (fault.name, fault.part) if fault else ("", "")
    hold_seconds = settings.hold_seconds if fault is None or fault.seconds is None else fault.seconds
    time.sleep(settings.answer_delay_milliseconds / 1000)
    if name in fault_answers.HELD_BEFORE:
        return fault_answers.transport_failure(name, hold_seconds=hold_seconds)
    try:
        _meet(name, part=part, settings=settings)
        _check_limit(action, sandbox=sandbox, settings=settings)
        result = _handle(actions[action], settings=settings, sandbox=sandbox, action=action)
        if name in (FaultName.HTTP_500_AFTER_COMMIT, FaultName.CODE_AFTER_COMMIT):
            _meet(name, part=part, settings=settings)
    except BiRefused as refused:
        return _refusal(refused)
    if name in _HIDDEN:
        return fault_answers.transport_failure(name, hold_seconds=hold_seconds)
    return _json({"RequestId": _request_id(), "Success": True, "Result": result}, status=200)


def _check(action: str, actions: dict[str, Handler], *, sandbox: Sandbox) -> None:
    check_signature(
        method=request.method,
        args=request.args,
        headers=dict(request.headers),
        body=request.get_data(),
        key_id=sandbox.config.quickbi_key_id,
        secret=sandbox.config.quickbi_key_secret,
    )
    if request.headers.get("x-acs-version") != "2022-01-01":
        raise BiRefused("InvalidVersion", "Specified parameter Version is not valid.")
    if action not in actions:
        raise BiRefused("InvalidAction.NotFound", "Specified api is not found.", status=404)


def _meet(name: str, *, part: str, settings: Settings) -> None:
    """Raise what a fault set for this call answers."""
    if name in (FaultName.CODE_BEFORE, FaultName.CODE_AFTER_COMMIT):
        status, code = part.split(" ")
        raise BiRefused(code, "chosen for this call", status=int(status))
    if name in (FaultName.HTTP_500_BEFORE, FaultName.HTTP_500_AFTER_COMMIT):
        raise BiRefused("Internal.System.Error", "An internal system error occurred.")
    if name in (FaultName.THROTTLE_429, FaultName.THROTTLE_QPS):
        raise throttled()
    if name == FaultName.PERMISSION_MISSING or not settings.quickbi_caller_allowed:
        raise BiRefused("Access.Forbidden", "Access forbidden. The caller is no organization administrator.")


def throttled() -> BiRefused:
    """More calls of one API in a second than are allowed."""
    return BiRefused("Throttling.User", "Request was denied due to user flow control.")


def _check_limit(action: str, *, sandbox: Sandbox, settings: Settings) -> None:
    recent, now = sandbox.recent_calls[PREFIX + action], time.monotonic()
    while recent and recent[0] <= now - WINDOW_SECONDS:
        recent.popleft()
    if settings.quickbi_calls_per_second and len(recent) >= settings.quickbi_calls_per_second:
        raise throttled()
    recent.append(now)


def _handle(handler: Handler, *, settings: Settings, sandbox: Sandbox, action: str) -> Any:
    with sandbox.storage.write() as session:
        result = handler(BiCall(session=session, settings=settings, args=request.args, now=now_ms()))
        _count(session, action)
    return result


def _count(session: Session, action: str) -> None:
    key = ("quick-bi", PREFIX + action, "ok")
    row = session.get(CallCount, key)
    if row is None:
        row = CallCount(month=key[0], operation=key[1], result=key[2], count=0, is_metered=False)
        session.add(row)
    row.count += 1


def _refusal(refused: BiRefused) -> Response:
    body = {
        "RequestId": _request_id(),
        "HostId": request.host,
        "Code": refused.code,
        "Message": refused.message,
        "Recommend": f"https://api.alibabacloud.com/troubleshoot?q={refused.code}",
    }
    return _json(body, status=refused.status)


def _json(body: dict[str, Any], *, status: int) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False), status=status, content_type="application/json;charset=utf-8"
    )


def _request_id() -> str:
    return str(secrets.token_hex(16)).upper()
