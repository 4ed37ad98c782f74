"""Sync now: ask DingTalk where one request stands."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.services.faults import Problem
from portal.services.registry import services
from portal.web.access import current_actor, sign_in_required, signed_in_person
from portal.web.access_requests.status_page import show_status, visible_part
from portal.web.htmx import wants_partial

request_syncing = Blueprint("request_syncing", __name__)


@request_syncing.post("/requests/<number>/reading")
@sign_in_required
def sync(number: str) -> BaseResponse:
    try:
        services().syncing.one(current_actor(), signed_in_person(), number)
    except Problem as problem:
        return show_status(visible_part(number), problem=problem)
    if wants_partial():
        return show_status(visible_part(number))
    flash(gettext("DingTalk is being asked. Load the page again in a moment."), "success")
    return redirect(url_for("access_requests.page", number=number), code=303)
