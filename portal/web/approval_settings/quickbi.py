"""Connecting Quick BI: save and check."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor
from portal.web.approval_settings.quickbi_form import QuickBIFields
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.htmx import wants_partial
from portal.web.words.failures import failure_words
from portal.web.words.faults import fault_sentence

quickbi = Blueprint("quickbi", __name__, url_prefix="/quickbi")


@quickbi.post("")
@admin_required
def save() -> BaseResponse:
    form, settings = QuickBIFields(), services().quickbi_settings
    form.require_secret(is_first=not settings.view().is_connected)
    version = whole_number(form.version.data, field="version")
    try:
        settings.save(current_actor(), form.typed(version=version))
    except FieldFault as fault:
        form[fault.field].errors = [fault_sentence(fault)]
        return show_section(Section.QUICKBI, status=422, quickbi_form=form)
    except Problem as problem:
        form.version.data = str(settings.view().version)
        shown = problem_of(problem, section=Section.QUICKBI)
        return show_section(Section.QUICKBI, status=409, quickbi_form=form, **shown)
    if wants_partial():
        return show_section(Section.QUICKBI, saved=Section.QUICKBI)
    flash(gettext("Saved."), "success")
    return redirect(page_address(Section.QUICKBI), code=303)


@quickbi.post("/checks")
@admin_required
def check() -> BaseResponse:
    """What Quick BI answers is no fault of this request."""
    failure = services().quickbi_settings.check_connection(current_actor())
    if wants_partial():
        return show_section(Section.QUICKBI, has_checked_quickbi=True)
    if failure is None:
        flash(gettext("Quick BI accepted the access key."), "success")
    else:
        flash(failure_words(failure).title, "danger")
    return redirect(page_address(Section.QUICKBI), code=303)
