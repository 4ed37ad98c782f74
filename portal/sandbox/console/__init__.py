"""The pages a person uses: sign-in, OA inbox, and the consoles of the administrator and the developer."""

from __future__ import annotations

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect

from portal.sandbox.console import inbox, instance_page, sign_in
from portal.sandbox.console.acting import page_context
from portal.sandbox.console.headers import set_headers


def console_blueprints(csrf: CSRFProtect) -> list[Blueprint]:
    """Every page. The sign-in page needs no CSRF token: it acts for nobody and lets anybody be anyone."""
    csrf.exempt(sign_in.blueprint)
    return [sign_in.blueprint, inbox.blueprint, instance_page.blueprint]


def init_console(app: Flask) -> None:
    """Headers and what every page shows."""
    app.after_request(set_headers)
    app.context_processor(page_context)
