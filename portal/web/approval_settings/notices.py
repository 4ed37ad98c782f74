"""Which work notices requesters get."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.services.faults import Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor
from portal.web.approval_settings.notices_form import NoticesForm
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.htmx import wants_partial

notices = Blueprint("notices", __name__)


@notices.post("/notices")
@admin_required
def save() -> BaseResponse:
    form, settings = NoticesForm(), services().approval_settings
    version = whole_number(form.version.data, field="version")
    try:
        settings.switch_notices(current_actor(), off=form.switched_off(), version=version)
    except Problem as problem:
        form.version.data = str(settings.current().version)
        shown = problem_of(problem, section=Section.NOTICES)
        return show_section(Section.NOTICES, status=409, notices_form=form, **shown)
    if wants_partial():
        return show_section(Section.NOTICES, triggers=["notices-saved"], saved=Section.NOTICES)
    flash(gettext("Saved."), "success")
    return redirect(page_address(Section.NOTICES), code=303)
