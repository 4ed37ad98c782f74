"""Makes the Flask app: wiring only."""

from __future__ import annotations

import os
from datetime import timedelta

from flask import Flask

from portal.bootstrap import build_services
from portal.clock import Clock, SystemClock
from portal.database import engine_options, prepare_engine
from portal.extensions import babel, csrf, db, htmx, migrate
from portal.logs import init_logs
from portal.migrating import MIGRATIONS
from portal.rules.organisation_day import CHINA_NAME
from portal.services.registry import KEY
from portal.settings import PROJECT_ROOT, Settings, read_settings
from portal.web import init_web
from portal.web.languages import select_locale

LARGEST_FORM_BYTES = 512 * 1024


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> Flask:
    """Build one portal.

    Args:
        settings: deployment settings; read from the environment when not given.
        clock: what time it is; the machine's when not given.

    Raises ``SettingsError`` when the environment cannot start a portal.
    """
    settings = settings or read_settings(os.environ)
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    app = Flask(
        "portal",
        template_folder=str(PROJECT_ROOT / "templates"),
        static_folder=str(PROJECT_ROOT / "static"),
        instance_path=str(settings.instance_path),
    )
    _configure(app, settings)
    init_logs()
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)
    csrf.init_app(app)
    babel.init_app(app, locale_selector=select_locale, default_translation_directories=_translations())
    htmx.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    app.extensions[KEY] = build_services(settings, clock or SystemClock())
    init_web(app, settings)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        SESSION_COOKIE_NAME="portal_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_https,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        BABEL_DEFAULT_TIMEZONE=CHINA_NAME,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=True,
        MAX_CONTENT_LENGTH=LARGEST_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM_BYTES,
        PORTAL_SETTINGS=settings,
    )


def _translations() -> str:
    return str(PROJECT_ROOT / "portal" / "translations")
