"""Which kinds of people are asked to decide, in which order, and what that means for requesters."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.rules.permissions import Permission
from portal.services.faults import Problem
from portal.services.registry import services
from portal.web.access import current_actor, permission_required
from portal.web.access_requests.basket import whole_number as number_of
from portal.web.approval_settings.default_approvers_form import DefaultApproversForm
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.htmx import wants_partial

default_approvers = Blueprint("default_approvers", __name__)

ROWS_A_PAGE = 50


@default_approvers.get("/default-approvers")
@permission_required(Permission.READ_SETTINGS)
def preview() -> BaseResponse:
    """Draw the section as it would be after a tick, with nothing saved."""
    form = DefaultApproversForm.sent(request.args)
    return show_section(Section.DEFAULT_APPROVERS, approvers_form=form, is_unsaved=True)


@default_approvers.post("/default-approvers")
@permission_required(Permission.CHANGE_SETTINGS)
def save() -> BaseResponse:
    """Save, or only draw the section anew where a button moved a kind up or down."""
    form = DefaultApproversForm.sent(request.form)
    if "up" in request.form or "down" in request.form:
        return show_section(Section.DEFAULT_APPROVERS, approvers_form=form, is_unsaved=True)
    version = whole_number(form.version, field="version")
    try:
        services().request_rules.choose_approver_kinds(current_actor(), kinds=form.kinds, version=version)
    except Problem as problem:
        shown = problem_of(problem, section=Section.DEFAULT_APPROVERS)
        version_now = str(services().approval_settings.current().version)
        again = DefaultApproversForm(order=form.order, ticked=form.ticked, version=version_now)
        return show_section(
            Section.DEFAULT_APPROVERS, status=409, approvers_form=again, is_unsaved=True, **shown
        )
    if wants_partial():
        return show_section(
            Section.DEFAULT_APPROVERS, triggers=["default-approvers-saved"], saved=Section.DEFAULT_APPROVERS
        )
    flash(gettext("Saved."), "success")
    return redirect(page_address(Section.DEFAULT_APPROVERS), code=303)


@default_approvers.get("/undecided-resources")
@permission_required(Permission.READ_SETTINGS)
def undecided() -> str:
    """List the resources about which nobody could decide, a page at a time."""
    after_id = max(0, number_of(request.args.get("after")) or 0)
    found = services().undecided_resources.some(limit=ROWS_A_PAGE + 1, after_id=after_id)
    return render_template(
        "approval_settings/undecided_page.html",
        resources=found[:ROWS_A_PAGE],
        next_after=found[ROWS_A_PAGE - 1].id if len(found) > ROWS_A_PAGE else None,
    )
