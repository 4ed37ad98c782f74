"""The way every call takes: fault, token, permission, quota, handler, count; and the faults that come after.

A handler runs inside one write transaction; a refusal rolls it back and is counted in its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from portal.sandbox import faults
from portal.sandbox.api import fault_answers, meter
from portal.sandbox.api.errors import ApiError, refused, refused_old
from portal.sandbox.api.operations import Family, Operation
from portal.sandbox.api.permissions import check_permission
from portal.sandbox.api.tokens import check_token
from portal.sandbox.clock import now_ms
from portal.sandbox.runtime import Sandbox, current_sandbox
from portal.sandbox.settings import Settings
from portal.sandbox.settings import load as load_settings
from portal.sandbox.shapes import json_object


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call being answered. ``userid`` is the person of a user token, else empty; ``now`` epoch ms."""

    operation: Operation
    sandbox: Sandbox
    session: Session
    settings: Settings
    body: dict[str, Any]
    args: MultiDict[str, str]
    userid: str
    now: int
    fault: str


Handler = Callable[[Call], dict[str, Any]]


def route(blueprint: Blueprint, operation: Operation, handler: Handler) -> None:
    """Answer ``operation`` with ``handler``."""

    def view() -> Response:
        return _answer(operation, handler)

    blueprint.add_url_rule(operation.path, operation.name, view, methods=[operation.method])


def _answer(operation: Operation, handler: Handler) -> Response:
    sandbox = current_sandbox()
    with sandbox.storage.write() as session:
        settings = load_settings(session)
        fault = faults.take(session, operation=operation.name, for_event=False)
    name, part = (fault.name, fault.part) if fault else ("", "")
    hold_seconds = settings.hold_seconds if fault is None or fault.seconds is None else fault.seconds
    time.sleep(settings.answer_delay_milliseconds / 1000)
    try:
        early = fault_answers.before(operation, name, part=part, settings=settings, sandbox=sandbox)
        if early is not None:
            raise early
        body = _handle(operation, handler, settings=settings, fault=name)
    except ApiError as error:
        _count(operation, error.code)
        if error.code in fault_answers.HELD_BEFORE:
            return fault_answers.transport_failure(name, hold_seconds=hold_seconds)
        return json_answer(error.body, status=error.status)
    sandbox.wake.set()
    late = fault_answers.after(name, part=part, hold_seconds=hold_seconds)
    return late if late is not None else json_answer(body)


def json_answer(body: dict[str, Any], *, status: int = 200) -> Response:
    """DingTalk answers unescaped UTF-8 JSON."""
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status=status, content_type="application/json;charset=UTF-8")


def _handle(operation: Operation, handler: Handler, *, settings: Settings, fault: str) -> dict[str, Any]:
    sandbox = current_sandbox()
    body = _json_body(operation)
    with sandbox.storage.write() as session:
        userid = check_token(session, operation)
        check_permission(operation, settings=settings, config=sandbox.config)
        meter.check(session, operation, settings=settings, sandbox=sandbox)
        call = Call(
            operation=operation,
            sandbox=sandbox,
            session=session,
            settings=settings,
            body=body,
            args=request.args,
            userid=userid,
            now=now_ms(),
            fault=fault,
        )
        answer = handler(call)
        meter.count(session, operation, result="ok")
    return answer


def _json_body(operation: Operation) -> dict[str, Any]:
    if operation.method == "GET":
        return {}
    if operation.family is Family.OLD and request.form:
        return dict(request.form)
    body = json_object() if request.get_data() else {}
    if body is not None:
        return body
    if operation.family is Family.OLD:
        raise refused_old(400002, "参数错误")
    raise refused("invalidParameter", "请求参数不是合法的JSON对象")


def _count(operation: Operation, result: str) -> None:
    with current_sandbox().storage.write() as session:
        meter.count(session, operation, result=result)
