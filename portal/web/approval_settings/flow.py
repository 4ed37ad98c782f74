"""The flow of the associated template: look again, accept who is not asked, take changes over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.htmx import wants_partial

flow = Blueprint("flow", __name__)


@flow.post("/flow/checks")
@admin_required
def check() -> BaseResponse:
    """Look now; a look that DingTalk refuses is shown in its place."""
    report = services().template_check.check(_template_id())
    if report.failure is not None:
        return _again(200) if wants_partial() else redirect(page_address(Section.FLOW), code=303)
    return _done(gettext("The template was looked at just now."))


@flow.post("/flow/bypass-acceptance")
@admin_required
def accept_bypass() -> BaseResponse:
    if request.form.get("accepts") != "y":
        return _again(422, accept_error=gettext("Tick the box to accept that these people are not asked."))
    try:
        services().template_acceptance.accept_bypass(
            current_actor(), _template_id(), names=request.form.getlist("name")
        )
    except Problem as problem:
        return _again(409, **problem_of(problem, section=Section.FLOW))
    return _done(gettext("Accepted. Requests that waited for it are sent now."))


@flow.post("/flow/takeover")
@admin_required
def take_over() -> BaseResponse:
    accepts = request.form.getlist("name") if request.form.get("accepts") == "y" else []
    try:
        services().template_acceptance.take_over(
            current_actor(), _template_id(), seen=request.form.get("seen", ""), accepts=accepts
        )
    except Problem as problem:
        return _again(409, **problem_of(problem, section=Section.FLOW))
    except ChannelError:
        return _again(200)  # kept with the template, so the section shows it
    said = gettext("Taken over. Requests that waited for it are sent now.")
    return _done(said, triggers=["flow-taken-over"])


def _template_id() -> int:
    """Return the template that the admin saw; another one may have been associated meanwhile."""
    template_id = whole_number(request.form.get("template_id"), field="template")
    if services().approval_settings.template(template_id) is None:
        raise FieldFault("template", "unknown")
    return template_id


def _again(status: int, **trouble: Any) -> BaseResponse:
    return show_section(Section.FLOW, status=status, **trouble)


def _done(said: str, *, triggers: Sequence[str] = ()) -> BaseResponse:
    if wants_partial():
        return show_section(Section.FLOW, triggers=["flow-looked-at", *triggers], flow_said=said)
    flash(said, "success")
    return redirect(page_address(Section.FLOW), code=303)
