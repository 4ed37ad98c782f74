"""Setting the webhook up: save, a new secret, Test."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.grants.grant_target import TargetError
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import admin_required, current_actor
from portal.web.approval_settings.sections import (
    Section,
    page_address,
    problem_of,
    show_section,
    whole_number,
)
from portal.web.approval_settings.webhook_form import WebhookFields
from portal.web.approval_settings.webhook_log import log_line, remedy_of_test
from portal.web.htmx import wants_partial
from portal.web.words.failures import failure_words
from portal.web.words.faults import fault_sentence

webhook = Blueprint("webhook", __name__, url_prefix="/webhook")


@webhook.post("")
@admin_required
def save() -> BaseResponse:
    form = WebhookFields()
    version = whole_number(form.version.data, field="version")
    try:
        secret = services().webhook_settings.save(current_actor(), form.asked(version=version))
    except FieldFault as fault:
        form.webhook_address.errors = [fault_sentence(fault)]
        return show_section(Section.WEBHOOK, status=422, webhook_form=form)
    except Problem as problem:
        form.version.data = str(services().webhook_settings.view().version)
        return _refused(problem, webhook_form=form)
    if secret:
        return _shown_once(secret)
    if wants_partial():
        return show_section(Section.WEBHOOK, saved=Section.WEBHOOK)
    flash(gettext("Saved."), "success")
    return redirect(page_address(Section.WEBHOOK), code=303)


@webhook.post("/secret")
@admin_required
def renew_secret() -> BaseResponse:
    version = whole_number(WebhookFields().version.data, field="version")
    try:
        return _shown_once(services().webhook_settings.renew_secret(current_actor(), version=version))
    except Problem as problem:
        return _refused(problem)
    except TargetError as error:
        return show_section(Section.WEBHOOK, status=409, webhook_failure=failure_words(error.failure))


@webhook.post("/test")
@admin_required
def test() -> BaseResponse:
    """What the other side answers is no fault of this request: 200, whatever it is."""
    call = services().webhook_settings.test(current_actor())
    return show_section(Section.WEBHOOK, tested=log_line(call), tested_remedy=remedy_of_test(call))


def _refused(problem: Problem, **changes: Any) -> BaseResponse:
    shown = problem_of(problem, section=Section.WEBHOOK)
    return show_section(Section.WEBHOOK, status=409, **shown, **changes)


def _shown_once(secret: str) -> BaseResponse:
    # Drawn as the answer itself: on the way through a redirect the secret would have to be kept somewhere.
    return show_section(Section.WEBHOOK, webhook_secret=secret)
