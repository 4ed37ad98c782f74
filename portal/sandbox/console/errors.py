"""Pages for what is not there, what was refused, and what went wrong here; JSON for DingTalk's paths."""

from __future__ import annotations

import logging

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from portal.sandbox.api.gate import json_answer
from portal.sandbox.api.routes import unknown_path

log = logging.getLogger(__name__)


def init_errors(app: Flask) -> None:
    """No traceback reaches a page; unknown API paths answer as DingTalk does."""
    app.register_error_handler(404, _not_found)
    app.register_error_handler(405, _not_found)
    app.register_error_handler(CSRFError, _too_old)
    app.register_error_handler(500, _our_fault)


def _not_found(error: HTTPException) -> ResponseReturnValue:
    answer = unknown_path()
    if answer is not None:
        return answer
    explanation = _("The approval may be from before the sandbox was reset, or the address is mistyped.")
    return _page(_("Nothing here"), explanation, status=error.code or 404)


def _too_old(_error: CSRFError) -> ResponseReturnValue:
    return _page(
        _("This page is too old"), _("Go back, reload the page and press the button again."), status=400
    )


def _our_fault(error: InternalServerError) -> ResponseReturnValue:
    log.error("answering %s failed", request.path, exc_info=error.original_exception)
    if request.path.startswith(("/v1.0/", "/topapi/", "/call_back/", "/gettoken", "/control/")):
        return json_answer({"code": "systemError", "message": "系统异常", "requestid": "sandbox"}, status=500)
    return _page(
        _("The sandbox stumbled"), _("This is a fault of the sandbox itself; its log says more."), status=500
    )


def _page(title: str, explanation: str, *, status: int) -> ResponseReturnValue:
    return render_template("sandbox/missing.html", title=title, explanation=explanation), status
