"""Wires the sandbox's WSGI app: API, sign-in page, OA console and control API."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

from portal.sandbox.api.routes import api_blueprint
from portal.sandbox.clock import CHINA_NAME
from portal.sandbox.config import SandboxConfig
from portal.sandbox.console import console_blueprints, init_console
from portal.sandbox.console.errors import init_errors
from portal.sandbox.console.language import select_language
from portal.sandbox.control.routes import control_blueprint
from portal.sandbox.quickbi.door import QuickBIDoor
from portal.sandbox.quickbi.routes import quickbi_blueprint
from portal.sandbox.runtime import attach, open_sandbox

ROOT = Path(__file__).resolve().parents[2]
LARGEST_BODY = 8 * 1024 * 1024


def create_sandbox(config: SandboxConfig) -> Flask:
    """The WSGI app; the file is opened (and made) here. Events are delivered by ``portal.sandbox.server``."""
    app = Flask(
        "portal.sandbox",
        root_path=str(ROOT),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        instance_path=str(config.database_path.resolve().parent),
    )
    app.config.update(
        SECRET_KEY=config.secret_key,
        # Ports share cookies: the portal's session is another name.
        SESSION_COOKIE_NAME="sandbox_session",
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_TIMEZONE=CHINA_NAME,
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "portal" / "translations"),
    )
    attach(app, open_sandbox(config))
    Babel(app, locale_selector=select_language)
    csrf = CSRFProtect(app)
    for blueprint in (api_blueprint(), control_blueprint(), quickbi_blueprint()):
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    for blueprint in console_blueprints(csrf):
        app.register_blueprint(blueprint)
    init_console(app)
    init_errors(app)
    app.wsgi_app = QuickBIDoor(app.wsgi_app)  # type: ignore[method-assign]
    return app
