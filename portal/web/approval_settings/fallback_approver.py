"""Who decides about resources without a usable owner."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError
from portal.rules.permissions import Permission
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor, permission_required
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.htmx import wants_partial
from portal.web.people.picker import search_of
from portal.web.words.faults import fault_sentence

fallback_approver = Blueprint("fallback_approver", __name__)

FIELD = "fallback_approver"


@fallback_approver.get("/fallback-approver")
@permission_required(Permission.READ_SETTINGS)
def search() -> BaseResponse:
    """Without JavaScript: the page, with the people found."""
    return show_section(Section.FALLBACK_APPROVER, fallback_search=search_of(request.args, with_local=True))


@fallback_approver.post("/fallback-approver")
@admin_required
def choose() -> BaseResponse:
    version = whole_number(request.form.get("version"), field="version")
    chosen = request.form.get(FIELD, "")
    section = Section.FALLBACK_APPROVER
    try:
        if not chosen:
            raise FieldFault(FIELD, "missing")
        services().approval_settings.choose_fallback_approver(
            current_actor(), user_id=chosen, version=version
        )
    except FieldFault as fault:
        return _again(422, fallback_error=fault_sentence(fault))
    except ChannelError as error:
        return _again(409, fallback_failure=error.failure)
    except Problem as problem:
        return _again(409, **problem_of(problem, section=section))
    if wants_partial():
        return show_section(section, triggers=["fallback-approver-chosen"], saved=section)
    flash(gettext("Saved."), "success")
    return redirect(page_address(section), code=303)


def _again(status: int, **trouble: Any) -> BaseResponse:
    """Draw the section once more, with the people who were found before and the one who was picked."""
    found, picked = search_of(request.form, with_local=True), request.form.get(FIELD, "")
    return show_section(
        Section.FALLBACK_APPROVER, status=status, fallback_search=found, picked=picked, **trouble
    )
