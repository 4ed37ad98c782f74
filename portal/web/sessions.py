"""The signed cookie of Flask, but for people only: programs carry no cookie and are given none."""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from portal.web.machine_paths import MACHINE_PATHS


class PeopleSessions(SecureCookieSessionInterface):
    """Opens no session for machine paths; none of their callers has one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(MACHINE_PATHS):
            return SecureCookieSession()
        return super().open_session(app, request)
