"""In step with DingTalk: the monthly quota, trying again once it is used up, and Sync now for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor
from portal.web.approval_settings.quota_form import QuotaForm
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.htmx import wants_partial
from portal.web.words.faults import fault_sentence

in_step = Blueprint("in_step", __name__)


@in_step.post("/quota")
@admin_required
def set_quota() -> BaseResponse:
    form = QuotaForm()
    version = whole_number(form.version.data, field="version")
    try:
        services().approval_settings.set_monthly_quota(current_actor(), calls=form.calls, version=version)
    except FieldFault as fault:
        form.monthly_call_quota.errors = [fault_sentence(fault)]
        return show_section(Section.IN_STEP, status=422, quota_form=form)
    except Problem as problem:
        form.version.data = str(services().approval_settings.current().version)
        return _refused(problem, quota_form=form, is_quota_typed=True)
    return _done(gettext("Saved."), triggers=["quota-saved"])


@in_step.post("/quota/probe")
@admin_required
def try_again_now() -> BaseResponse:
    services().dingtalk_calls.try_again_now(current_actor())
    return _done(gettext("The portal tries one call now. If DingTalk answers, everything goes on."))


@in_step.post("/sync")
@admin_required
def sync_all() -> BaseResponse:
    try:
        read = services().syncing.all(current_actor())
    except Problem as problem:
        return _refused(problem)
    said = ngettext(
        "DingTalk is being asked about %(num)s approval.",
        "DingTalk is being asked about %(num)s approvals.",
        read,
    )
    return _done(said)


def _refused(problem: Problem, **changes: Any) -> BaseResponse:
    return show_section(
        Section.IN_STEP, status=409, **problem_of(problem, section=Section.IN_STEP), **changes
    )


def _done(said: str, *, triggers: Sequence[str] = ()) -> BaseResponse:
    if wants_partial():
        return show_section(Section.IN_STEP, triggers=triggers, step_said=said)
    flash(said, "success")
    return redirect(page_address(Section.IN_STEP), code=303)
