"""Saving what is switched on, and where new requests are decided while DingTalk cannot be used."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.services.approval_settings import Switches
from portal.services.faults import Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.approval_settings.switches_form import SwitchesForm
from portal.web.htmx import wants_partial

switches = Blueprint("switches", __name__)


@switches.post("/switches")
@admin_required
def save() -> BaseResponse:
    form = SwitchesForm()
    wanted = Switches(
        is_enabled=form.is_enabled.data,
        is_dingtalk_channel_on=form.is_dingtalk_channel_on.data,
        is_in_platform_channel_on=form.is_in_platform_channel_on.data,
        prefers_in_platform=form.prefers_in_platform.data,
        version=whole_number(form.version.data, field="version"),
    )
    try:
        services().approval_settings.save_switches(current_actor(), wanted)
    except Problem as problem:
        form.version.data = str(services().approval_settings.current().version)
        return _refused(problem, form)
    return _saved()


@switches.post("/portal-preference")
@admin_required
def prefer_portal() -> BaseResponse:
    """Decide new requests in the portal for now, or in DingTalk again."""
    is_preferred = request.form.get("is_preferred") == "y"
    version = whole_number(request.form.get("version"), field="version")
    try:
        services().approval_settings.prefer_portal(
            current_actor(), is_preferred=is_preferred, version=version
        )
    except Problem as problem:
        return _refused(problem, SwitchesForm.of(services().approval_settings.current()))
    return _saved()


def _refused(problem: Problem, form: SwitchesForm) -> Response:
    shown = problem_of(problem, section=Section.SWITCHES)
    return show_section(Section.SWITCHES, status=409, switches_form=form, **shown)


def _saved() -> BaseResponse:
    if wants_partial():
        return show_section(Section.SWITCHES, triggers=["switches-saved"], saved=Section.SWITCHES)
    flash(gettext("Saved."), "success")
    return redirect(page_address(Section.SWITCHES), code=303)
