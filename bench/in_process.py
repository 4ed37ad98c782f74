"""The portal's app called as a function: what the server spends on a request, without any network."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from urllib.parse import parse_qs, urlencode, urlsplit

import structlog
from flask import Flask
from sqlalchemy import Engine, event, select
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.place import Place
from portal.application import create_app
from portal.extensions import db
from portal.logs import init_logs
from portal.migrating import migrate_database
from portal.models import Person
from portal.services.approval_settings import Switches
from portal.services.audit import actor_of
from portal.services.registry import KEY, Services
from portal.settings import read_settings


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one call gave, and what it took; BEGIN and COMMIT are not counted as statements."""

    seconds: float
    cpu_seconds: float
    statements: int
    status: int
    location: str
    text: str


class Browser:
    """Somebody's cookies."""

    def __init__(self, portal: InProcessPortal, cookies: Mapping[str, str]) -> None:
        self._portal = portal
        self._cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())

    @property
    def cookie(self) -> str:
        return self._cookie

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self._portal.call(EnvironBuilder(path=path, headers=[("Cookie", self._cookie)]))

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """Send a form."""
        body = urlencode(form).encode()
        return self._portal.call(
            EnvironBuilder(
                path=path,
                method="POST",
                headers=[("Cookie", self._cookie)],
                input_stream=BytesIO(body),
                content_length=len(body),
                content_type="application/x-www-form-urlencoded",
            )
        )


class InProcessPortal:
    """A portal on the data of a running demo."""

    def __init__(self, place: Place) -> None:
        self._place = place
        settings = read_settings(place.environment)
        init_logs()
        self._log = (place.demo.instance / "bench.log").open("a")
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(self._log))
        self.app: Flask = create_app(settings)
        migrate_database(self.app, settings)
        self.services: Services = self.app.extensions[KEY]
        self._statements = 0
        with self.app.app_context():
            self._count_statements(db.engine)

    def call(self, builder: EnvironBuilder) -> Answer:
        """Call the app once."""
        environ = builder.get_environ()
        before = self._statements
        began, cpu_began = time.perf_counter(), time.thread_time()
        pieces, status, headers = run_wsgi_app(self.app, environ, buffered=True)
        seconds, cpu_seconds = time.perf_counter() - began, time.thread_time() - cpu_began
        return Answer(
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            statements=self._statements - before,
            status=int(status.split()[0]),
            location=headers.get("Location", ""),
            text=b"".join(pieces).decode(),
        )

    def sign_in(self, person: str) -> Browser:
        """Sign in through the sandbox's sign-in page, as a person would."""
        client = self.app.test_client()
        leave = client.get("/sign-in/dingtalk")
        state = parse_qs(urlsplit(leave.headers["Location"]).query)["state"][0]
        code = self._place.control("POST", "/sign-in", {"person": person})["authCode"]
        back = client.get("/sign-in/dingtalk/return", query_string={"authCode": code, "state": state})
        assert back.status_code == 303, back.text
        client.get("/requests")  # the first page with a form adds the secret behind its tokens to the cookie
        cookie = client.get_cookie("portal_session")
        assert cookie is not None
        return Browser(self, {"portal_session": cookie.value})

    def set_up_approval(self) -> None:
        """Do what an admin does once: enable, generate the official template, associate it."""
        settings = self.services.approval_settings
        with self.app.app_context():
            alice = db.session.scalars(select(Person).filter_by(user_id="alice")).one()
            actor = actor_of(alice, address="127.0.0.1")
            settings.save_switches(
                actor,
                Switches(is_enabled=True, is_dingtalk_channel_on=True, version=settings.current().version),
            )
            template_id = self.services.template_generation.generate(actor, alice)
            settings.associate(actor, template_id=template_id, version=settings.current().version)

    def _count_statements(self, engine: Engine) -> None:
        def count(*_: object) -> None:
            self._statements += 1

        event.listen(engine, "before_cursor_execute", count)


class Requester:
    """Bob, asking for the same thing again and again."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        page = browser.get("/requests/new?resource_type=dashboard&resource_id=sales-overview&level=view")
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert found, page.text
        self._csrf_token = found[1]

    def ask(self) -> Answer:
        """Submit one request."""
        answer = self.browser.post(
            "/requests",
            {
                "csrf_token": self._csrf_token,
                "submission_key": secrets.token_hex(16),
                "resource_type": "dashboard",
                "resource_id": "sales-overview",
                "level": "view",
                "again": "1",
                "validity": str(timedelta(days=7).days),
                "reason": "Quarterly report 季度报告",
            },
        )
        assert answer.status == 303, answer.text
        return answer
