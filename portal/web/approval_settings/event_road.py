"""Choosing how DingTalk's events arrive, and looking at who listens."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.rules.permissions import Permission
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor, permission_required
from portal.web.approval_settings.event_road_form import EventRoadForm
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.htmx import announce, wants_partial
from portal.web.words.faults import fault_sentence

event_road = Blueprint("event_road", __name__)


@event_road.post("/event-road")
@admin_required
def choose() -> BaseResponse:
    form, settings = EventRoadForm(), services().approval_settings
    version = whole_number(form.version.data, field="version")
    try:
        if form.road is None:
            raise FieldFault("event_road", "unknown")
        settings.choose_event_road(current_actor(), form.road, version=version)
    except FieldFault as fault:
        form.event_road.errors = [fault_sentence(fault)]
        return show_section(Section.EVENT_ROAD, status=422, road_form=form)
    except Problem as problem:
        form.version.data = str(settings.current().version)
        shown = problem_of(problem, section=Section.EVENT_ROAD)
        return show_section(Section.EVENT_ROAD, status=409, road_form=form, **shown)
    if wants_partial():
        return show_section(Section.EVENT_ROAD, triggers=["event-road-chosen"], saved=Section.EVENT_ROAD)
    flash(gettext("Saved."), "success")
    return redirect(page_address(Section.EVENT_ROAD), code=303)


@event_road.get("/event-road/listeners")
@permission_required(Permission.READ_SETTINGS)
def listeners() -> BaseResponse:
    """Who listens right now; the page asks again until somebody is connected."""
    if not wants_partial():
        return redirect(page_address(Section.EVENT_ROAD))
    report = services().stream_connections.report()
    shown = Response(render_template("approval_settings/_stream_listeners.html", stream=report))
    return announce(shown, triggers=["stream-connected"] if report.connected else [])
