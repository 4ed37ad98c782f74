"""The pages a person uses: sign-in, OA inbox, and the consoles of the administrator and the developer."""

from __future__ import annotations

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect

from portal.sandbox.console import (
    app_page,
    behaviour_page,
    control_page,
    deliveries_page,
    designer,
    form_editor,
    inbox,
    instance_page,
    messages_page,
    people_page,
    quickbi_page,
    sign_in,
    subscription_page,
    templates_page,
)
from portal.sandbox.console.acting import page_context
from portal.sandbox.console.headers import set_headers

PAGES = (
    sign_in,
    inbox,
    instance_page,
    messages_page,
    app_page,
    subscription_page,
    deliveries_page,
    people_page,
    quickbi_page,
    behaviour_page,
    templates_page,
    designer,
    form_editor,
    control_page,
)


def console_blueprints(csrf: CSRFProtect) -> list[Blueprint]:
    """Every page. The sign-in page needs no CSRF token: it acts for nobody and lets anybody be anyone."""
    csrf.exempt(sign_in.blueprint)
    return [page.blueprint for page in PAGES]


def init_console(app: Flask) -> None:
    """Headers and what every page shows."""
    app.after_request(set_headers)
    app.context_processor(page_context)
