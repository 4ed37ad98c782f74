"""Binding the DingTalk app: credentials, callback keys and the connection check."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.rules.permissions import Permission
from portal.services.dingtalk_app import generate_aes_key, generate_callback_token
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor, permission_required
from portal.web.approval_settings.dingtalk_app_form import DingTalkAppForm
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.htmx import vary_by_htmx, wants_partial
from portal.web.words.failures import failure_words
from portal.web.words.faults import fault_sentence

dingtalk_app = Blueprint("dingtalk_app", __name__)

GENERATORS = {"callback_token": generate_callback_token, "callback_aes_key": generate_aes_key}


@dingtalk_app.get("/dingtalk-app")
@permission_required(Permission.READ_SETTINGS)
def edit() -> Response:
    """Show the form, which the page leaves out: it is long and seldom wanted."""
    return show_section(Section.DINGTALK_APP, is_editing=True)


@dingtalk_app.post("/dingtalk-app")
@admin_required
def save() -> BaseResponse:
    form, portal = DingTalkAppForm(), services()
    form.require_secrets(is_first=not portal.dingtalk_apps.view().is_bound)
    version = whole_number(form.version.data, field="version")
    try:
        portal.dingtalk_apps.save(current_actor(), form.typed(version=version))
    except FieldFault as fault:
        form[fault.field].errors = [fault_sentence(fault)]
        return show_section(Section.DINGTALK_APP, status=422, app_form=form)
    except Problem as problem:
        form.version.data = str(portal.dingtalk_apps.view().version)
        shown = problem_of(problem, section=Section.DINGTALK_APP)
        return show_section(Section.DINGTALK_APP, status=409, app_form=form, **shown)
    if wants_partial():
        return show_section(Section.DINGTALK_APP, triggers=["dingtalk-app-saved"], saved=Section.DINGTALK_APP)
    flash(gettext("The DingTalk app is saved."), "success")
    return redirect(page_address(Section.DINGTALK_APP), code=303)


@dingtalk_app.post("/dingtalk-app/generated/<name>")
@admin_required
def generate(name: str) -> Response:
    """Offer a fresh key in the form; nothing is saved until the admin saves."""
    if name not in GENERATORS:
        abort(404)
    form, is_first = DingTalkAppForm(), not services().dingtalk_apps.view().is_bound
    form.require_secrets(is_first=is_first)
    form[name].data = GENERATORS[name]()
    if wants_partial():
        return vary_by_htmx(
            Response(
                render_template("approval_settings/_callback_key.html", form_field=form[name], is_new=True)
            )
        )
    return show_section(Section.DINGTALK_APP, app_form=form, is_editing=True)


@dingtalk_app.post("/connection/checks")
@admin_required
def check_connection() -> BaseResponse:
    failure = services().dingtalk_apps.check_connection(current_actor())
    if wants_partial():
        return show_section(Section.DINGTALK_APP, has_checked=True)
    if failure is None:
        flash(gettext("DingTalk accepted the app's credentials."), "success")
    else:
        flash(failure_words(failure).title, "danger")
    return redirect(page_address(Section.DINGTALK_APP), code=303)
