"""The Approval Settings page and its sections."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from portal.rules.permissions import Permission
from portal.services.registry import services
from portal.web.access import permission_required
from portal.web.approval_settings.custom_template import custom_template
from portal.web.approval_settings.default_approvers import default_approvers
from portal.web.approval_settings.dingtalk_app import dingtalk_app
from portal.web.approval_settings.event_road import event_road
from portal.web.approval_settings.fallback_approver import fallback_approver
from portal.web.approval_settings.flow import flow
from portal.web.approval_settings.in_step import in_step
from portal.web.approval_settings.notices import notices
from portal.web.approval_settings.notices_form import NoticesForm
from portal.web.approval_settings.parked_events import parked_events
from portal.web.approval_settings.quickbi import quickbi
from portal.web.approval_settings.request_rules import request_rules
from portal.web.approval_settings.sections import (
    LATER,
    Section,
    page_address,
    show_section,
)
from portal.web.approval_settings.switches import switches
from portal.web.approval_settings.switches_form import SwitchesForm
from portal.web.approval_settings.template import template
from portal.web.approval_settings.webhook import webhook
from portal.web.htmx import wants_partial
from portal.web.words.links import safe_link
from portal.web.words.permissions import missing_permissions

approval_settings = Blueprint("approval_settings", __name__, url_prefix="/settings/approval")
for part in (
    custom_template,
    default_approvers,
    dingtalk_app,
    event_road,
    fallback_approver,
    flow,
    in_step,
    notices,
    parked_events,
    quickbi,
    request_rules,
    switches,
    template,
    webhook,
):
    approval_settings.register_blueprint(part)
for words in (missing_permissions, safe_link):
    approval_settings.add_app_template_global(words)


@approval_settings.get("")
@permission_required(Permission.READ_SETTINGS)
def page() -> Response:
    asked_for = request.args.get("show")
    return show_section(Section(asked_for) if asked_for in LATER else Section.NEXT_STEP)


@approval_settings.get("/sections/<name>")
@permission_required(Permission.READ_SETTINGS)
def section(name: str) -> BaseResponse:
    if name not in set(Section):
        abort(404)
    if not wants_partial():
        return redirect(page_address(Section(name)))
    # Drawn again because something else was saved: the box that is ticked but not saved yet stays ticked.
    if name == Section.NOTICES and "is_redrawn" in request.args:
        notices_form = NoticesForm.of(services().approval_settings.current())
        notices_form.tick(request.args)
        return show_section(Section.NOTICES, notices_form=notices_form)
    if name != Section.SWITCHES:
        return show_section(Section(name))
    form = SwitchesForm.of(services().approval_settings.current())
    form.tick(request.args)
    return show_section(Section.SWITCHES, switches_form=form)
