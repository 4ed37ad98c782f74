"""Setting for how many days raw events are kept."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor
from portal.web.approval_settings.parked_page import RETENTION, show_parked
from portal.web.approval_settings.retention_form import RetentionForm
from portal.web.approval_settings.sections import whole_number
from portal.web.htmx import wants_partial
from portal.web.words.faults import fault_sentence
from portal.web.words.problems import problem_words

payload_retention = Blueprint("payload_retention", __name__)


@payload_retention.post("/retention")
@admin_required
def save() -> BaseResponse:
    form = RetentionForm()
    version = whole_number(form.version.data, field="version")
    settings = services().approval_settings
    try:
        settings.keep_payloads_for(current_actor(), days=form.days(), version=version)
    except FieldFault as fault:
        form.payload_kept_days.errors = [fault_sentence(fault)]
        return show_parked(RETENTION, status=422, retention_form=form)
    except Problem as problem:
        form.version.data = str(settings.current().version)
        return show_parked(
            RETENTION, status=409, retention_form=form, retention_problem=problem_words(problem)
        )
    if wants_partial():
        return show_parked(RETENTION, is_retention_saved=True)
    flash(gettext("Saved."), "success")
    return redirect(url_for("approval_settings.parked_events.page", _anchor="payload-retention"), code=303)
