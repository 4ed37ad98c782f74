"""Close a request whose approval was deleted in DingTalk."""

from __future__ import annotations

from flask import Blueprint, Response, url_for

from portal.services.faults import Problem
from portal.services.registry import services
from portal.web.access import current_actor, sign_in_required, signed_in_person
from portal.web.access_requests.status_page import show_status, visible_part
from portal.web.htmx import redirect_or_refresh

request_closing = Blueprint("request_closing", __name__)


@request_closing.post("/requests/<number>/closing")
@sign_in_required
def close(number: str) -> Response:
    try:
        services().gone_instances.close(current_actor(), signed_in_person(), number)
    except Problem as problem:
        return show_status(visible_part(number), problem=problem)
    return redirect_or_refresh(url_for("access_requests.page", number=number))
