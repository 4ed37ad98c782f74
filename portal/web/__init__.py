"""The web layer: routes parse, authorise, call one service method and render."""

from __future__ import annotations

from flask import Flask

from portal.settings import Settings
from portal.web.access import init_access
from portal.web.access_requests.approvers import approvers
from portal.web.access_requests.closing import request_closing
from portal.web.access_requests.pending import pending_requests
from portal.web.access_requests.routes import access_requests
from portal.web.access_requests.syncing import request_syncing
from portal.web.approval_settings.routes import approval_settings
from portal.web.approvals.passing_on import passing_on
from portal.web.approvals.routes import approvals
from portal.web.callbacks.door import CallbackDoor
from portal.web.doctor.routes import doctor
from portal.web.errors import init_errors
from portal.web.formatters import init_formatters
from portal.web.grants.routes import grants
from portal.web.grants.tasks import grant_tasks
from portal.web.headers import init_headers
from portal.web.health.routes import health
from portal.web.icons import init_icons
from portal.web.languages import init_languages
from portal.web.lists.routes import lists
from portal.web.people.own_password import own_password
from portal.web.people.routes import people
from portal.web.people.workspaces import workspaces
from portal.web.resources.imports import resource_imports
from portal.web.resources.reading import resource_reading
from portal.web.resources.routes import resources
from portal.web.service_errors import init_service_errors
from portal.web.sign_in.routes import sign_in
from portal.web.trials.routes import trials
from portal.web.words import init_words


def init_web(app: Flask, settings: Settings) -> None:
    """Register every area and what all pages share."""
    init_headers(app)
    init_errors(app)
    init_service_errors(app)
    init_icons(app)
    init_formatters(app)
    init_languages(app)
    init_words(app)
    init_access(app, settings)
    for area in (
        access_requests,
        approvals,
        passing_on,
        approvers,
        approval_settings,
        doctor,
        grants,
        grant_tasks,
        health,
        lists,
        people,
        own_password,
        request_syncing,
        request_closing,
        resource_imports,
        resource_reading,
        resources,
        pending_requests,
        sign_in,
        trials,
        workspaces,
    ):
        app.register_blueprint(area)
    app.wsgi_app = CallbackDoor(app)  # type: ignore[method-assign]  # Flask's own way to put something in front
