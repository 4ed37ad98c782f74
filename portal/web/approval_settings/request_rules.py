"""What can be asked for and for how long, when a request is passed on or lapses, and what gives access."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.rules.permissions import Permission
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import current_actor, permission_required
from portal.web.approval_settings.request_rules_form import RequestRulesForm
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.htmx import wants_partial

request_rules = Blueprint("request_rules", __name__)


@request_rules.post("/request-rules")
@permission_required(Permission.CHANGE_SETTINGS)
def save() -> BaseResponse:
    form, section = RequestRulesForm(), Section.REQUEST_RULES
    version = whole_number(form.version.data, field="version")
    if not form.validate():
        return show_section(section, status=422, rules_form=form)
    try:
        services().request_rules.set_rules(current_actor(), form.rules(), version=version)
    except FieldFault as fault:
        form.mark(fault)
        return show_section(section, status=422, rules_form=form)
    except Problem as problem:
        form.version.data = str(services().approval_settings.current().version)
        return show_section(section, status=409, rules_form=form, **problem_of(problem, section=section))
    if wants_partial():
        return show_section(section, triggers=["request-rules-saved"], saved=section)
    flash(gettext("Saved."), "success")
    return redirect(page_address(section), code=303)
