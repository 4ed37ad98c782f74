"""Events that could not be sorted: what they are, and what an admin decides about them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from portal.models.callback_event import EventState
from portal.rules.permissions import Permission
from portal.services.events.parked_events import LIST_LIMIT
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.registry import services
from portal.web.access import admin_required, current_actor, permission_required
from portal.web.approval_settings.parked_page import LIST, show_parked
from portal.web.approval_settings.payload import readable_payload
from portal.web.approval_settings.payload_retention import payload_retention
from portal.web.approval_settings.sections import whole_number
from portal.web.htmx import no_content, render, wants_partial
from portal.web.words.parked_events import event_type_words, event_words, road_words
from portal.web.words.problems import problem_words

parked_events = Blueprint("parked_events", __name__, url_prefix="/events")
parked_events.register_blueprint(payload_retention)
for words in (event_type_words, event_words, road_words):
    parked_events.add_app_template_global(words)

EVENT = "<int(max=2147483647):event_id>"
STILL_CHANGES = (EventState.RECEIVED, EventState.MATCHED)


@parked_events.get("")
@permission_required(Permission.READ_SETTINGS)
def page() -> Response:
    return show_parked(LIST, older_than=_older_than(request.args.get("older_than")))


@parked_events.post("/sorting")
@admin_required
def try_shown_again() -> BaseResponse:
    """Sort again what was shown: all of a list, or one of it."""
    chosen = [whole_number(each, field="event") for each in request.form.getlist("event_id")[:LIST_LIMIT]]
    older_than = _older_than(request.form.get("older_than"))
    taken = services().parked_events.try_all_again(current_actor(), chosen)
    if not taken:
        problem = Problem(ProblemReason.EVENT_NOT_PARKED)
        return show_parked(LIST, status=409, older_than=older_than, problem=problem_words(problem))
    said = ngettext("%(num)s event is being sorted again.", "%(num)s events are being sorted again.", taken)
    if wants_partial():
        return show_parked(LIST, older_than=older_than, said=said)
    flash(said, "success")
    return redirect(url_for(".page", older_than=older_than), code=303)


@parked_events.get(f"/{EVENT}")
@permission_required(Permission.READ_SETTINGS)
def event(event_id: int) -> BaseResponse:
    return _event(event_id)


@parked_events.post(f"/{EVENT}/sorting")
@admin_required
def try_again(event_id: int) -> BaseResponse:
    try:
        services().parked_events.try_again(current_actor(), event_id)
    except Problem as problem:
        return _event(event_id, status=409, problem=problem_words(problem))
    return _decided(event_id, gettext("The event is being sorted again."))


@parked_events.post(f"/{EVENT}/dismissal")
@admin_required
def ignore(event_id: int) -> BaseResponse:
    try:
        services().parked_events.ignore(current_actor(), event_id)
    except Problem as problem:
        return _event(event_id, status=409, problem=problem_words(problem))
    return _decided(event_id, gettext("The event is ignored."))


def _decided(event_id: int, said: str) -> BaseResponse:
    if wants_partial():
        return _event(event_id, said=said)
    flash(said, "success")
    return redirect(url_for(".event", event_id=event_id), code=303)


def _event(event_id: int, *, status: int = 200, **changes: object) -> Response:
    view = services().parked_events.view(event_id)
    found = view.event
    seen = f"{found.state}-{found.attempts}"
    if request.args.get("seen") == seen and wants_partial():
        return no_content()
    context: dict[str, Any] = {"said": "", "problem": None, **changes}
    return render(
        "approval_settings/parked_event_page.html",
        "approval_settings/_parked_event.html",
        status=status,
        view=view,
        event=found,
        seen=seen,
        is_swap=wants_partial(),
        can_change=found.state in STILL_CHANGES,
        payload="" if wants_partial() else readable_payload(found.payload),
        **context,
    )


def _older_than(typed: str | None) -> int | None:
    if not typed:
        return None
    try:
        return whole_number(typed, field="event")
    except FieldFault:
        return None  # an address mistyped by hand: the newest are shown
