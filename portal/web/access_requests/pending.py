"""While a request waits: its colleague accepts or declines, its requester reminds the approver."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.services.faults import Problem
from portal.services.registry import services
from portal.web.access import current_actor, sign_in_required, signed_in_person
from portal.web.access_requests.basket import whole_number
from portal.web.access_requests.item_status import names_of
from portal.web.access_requests.status_page import show_status, visible_part
from portal.web.htmx import redirect_or_refresh

pending_requests = Blueprint("pending_requests", __name__)


@pending_requests.app_context_processor
def item_words() -> dict[str, object]:
    return {"names_of": names_of}


@pending_requests.post("/requests/<number>/acceptance")
@sign_in_required
def answer(number: str) -> BaseResponse:
    acceptances, person = services().acceptances, signed_in_person()
    said = request.form.get("answer")
    try:
        if said == "accept":
            acceptances.accept(current_actor(), person, number)
        elif said == "decline":
            acceptances.decline(current_actor(), person, number)
        else:
            abort(422)
    except Problem as problem:
        return show_status(visible_part(number), problem=problem)
    return _back_to(number)


@pending_requests.post("/requests/<number>/reminders")
@sign_in_required
def remind(number: str) -> BaseResponse:
    sent = whole_number(request.form.get("position"))
    position = 1 if sent is None else sent
    try:
        services().reminders.remind(current_actor(), signed_in_person(), number, position=position)
    except Problem as problem:
        return show_status(visible_part(number), problem=problem)
    return _back_to(number, part=f"request-group-{position}")


def _back_to(number: str, *, part: str | None = None) -> Response:
    return redirect_or_refresh(url_for("access_requests.page", number=number, _anchor=part))
