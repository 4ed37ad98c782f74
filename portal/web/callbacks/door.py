"""The callback address that DingTalk is given: a door of its own in front of Flask.

Many callbacks come at once and none needs a session, a language, a page or a route: Flask's request would cost
more than all that is done with the event. What comes for any other address goes on to Flask.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import structlog
from flask import Flask

from portal.channels.callback_refusals import CallbackRefused, RefusalReason
from portal.services.events.callback_intake import LARGEST_BODY_BYTES
from portal.services.registry import services
from portal.web.headers import headers_for_machines

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ADDRESS = "/callbacks/dingtalk"
LONGEST_QUERY_FIELDS = 50

_STATUS = {
    RefusalReason.SIGNATURE: HTTPStatus.FORBIDDEN,
    RefusalReason.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RefusalReason.NOT_BOUND: HTTPStatus.NOT_FOUND,
    # The only 5xx: the event was not kept for a reason of ours, so DingTalk must send it again.
    RefusalReason.NOT_STORED: HTTPStatus.SERVICE_UNAVAILABLE,
    RefusalReason.SECRETS_UNREADABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}

log = structlog.get_logger(__name__)


class CallbackDoor:
    """A WSGI application that answers callbacks itself and leaves everything else to Flask."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._beyond: WSGIApplication = app.wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != ADDRESS:
            return self._beyond(environ, start_response)
        with self._app.app_context():
            status, answer = self._answer(environ)
        return _send(status, answer, environ, start_response)

    @staticmethod
    def _answer(environ: WSGIEnvironment) -> tuple[HTTPStatus, dict[str, str]]:
        reference = secrets.token_hex(6)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=reference)
        if environ["REQUEST_METHOD"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED, {"error": "method_not_allowed"}
        try:
            answer = services().callback_intake.receive(
                query=_query(environ), body=_body(environ), address=environ.get("REMOTE_ADDR", "")
            )
        except CallbackRefused as refused:
            return _STATUS.get(refused.reason, HTTPStatus.BAD_REQUEST), {"error": refused.reason.value}
        except Exception:
            log.exception("callback.failed")
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "internal", "reference": reference}
        return HTTPStatus.OK, answer


def _query(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the query's fields, of repeated ones the first; none of them where there are absurdly many."""
    try:
        fields = parse_qsl(environ.get("QUERY_STRING", ""), max_num_fields=LONGEST_QUERY_FIELDS)
    except ValueError:
        return {}
    return dict(reversed(fields))


def _body(environ: WSGIEnvironment) -> bytes:
    """Return the body, or just enough of a body to be refused as too large without reading it all."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    return environ["wsgi.input"].read(max(0, min(length, LARGEST_BODY_BYTES + 1)))


def _send(
    status: HTTPStatus, answer: dict[str, str], environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    body = json.dumps(answer).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        *headers_for_machines(is_secure=environ["wsgi.url_scheme"] == "https"),
    ]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "POST"))
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
