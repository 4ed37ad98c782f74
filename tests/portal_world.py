"""A whole portal on real files and real HTTP: portal and sandbox on free ports, work done when a test says so."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete
from waitress.server import create_server

from portal.application import create_app
from portal.database import transaction
from portal.demo_seed import seed
from portal.extensions import db
from portal.migrating import migrate_database
from portal.models.base import Base
from portal.sandbox import SandboxConfig
from portal.sandbox.server import RunningSandbox
from portal.services.registry import KEY, Services
from portal.services.work.due_work import DueWork
from portal.settings import Settings, read_settings

CORP_ID = "dingcorp0123456789"
APP_KEY = "dingappkey0123456"
APP_SECRET = "app-secret-0123456789"
AGENT_ID = 3234567890
TOKEN = "callbackToken01"
AES_KEY = "0123456789abcdefghijABCDEFGHIJ0123456789abc"
SECRET_KEY = "a secret key of a test, long enough to be taken"
ADDRESS_NAMES = ("API", "OAPI", "LOGIN", "APPLINK", "OA", "CONSOLE")


class MovableClock:
    """The machine's clock, a little ahead of it once a test has let time pass."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class World:
    """One portal and its sandbox. ``portal_url`` answers DingTalk's callbacks like the real one.

    ``clock`` is the portal's alone: in the sandbox time does not pass faster.
    """

    def __init__(self, folder: Path, *, database_url: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.clock = MovableClock()
        self.portal_url = f"http://127.0.0.1:{self.port}"
        self.sandbox = RunningSandbox(sandbox_config(folder), host="127.0.0.1", port=0)
        self.sandbox.start()
        self.environment = environment(folder, port=self.port, sandbox_url=self.sandbox.url)
        if database_url:
            self.environment["PORTAL_DATABASE_URL"] = database_url
        self.settings = read_settings(self.environment)
        self.app: Flask = create_app(self.settings, clock=self.clock)
        migrate_database(self.app, self.settings)
        self.services: Services = self.app.extensions[KEY]
        self._fill()
        self._server = create_server(self.app, host="127.0.0.1", port=self.port, threads=4)
        self._serving = threading.Thread(target=self._server.run, daemon=True)
        self._serving.start()

    def close(self) -> None:
        try:
            self._server.trigger.pull_trigger(self._end)
        except OSError:  # waitress has closed its own pipe already, so nothing is left to wake
            self._end()
        self._serving.join(30)
        # Waitress lets its threads go on; one in the middle of an answer would keep its connection past the end.
        self._server.task_dispatcher.shutdown(timeout=30)
        self.sandbox.stop()
        with self.app.app_context():
            db.engine.dispose()

    def reset(self) -> None:
        """Go back to the first start, so that tests which do not disturb each other can share one world."""
        self.control("POST", "/reset", {})
        self.clock.ahead = timedelta()
        with self.app.app_context(), transaction() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(delete(table))
        self._fill()
        self.subscribe()

    def _fill(self) -> None:
        # Tests sign in faster than people: DingTalk's limit is the business of tests that are about it.
        self.control("PUT", "/settings", {"calls_per_second": 0})
        with self.app.app_context():
            self.services.dingtalk_apps.bind_initially(self.settings.initial_binding)
            seed(self.services, corp_id=CORP_ID)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Drive the sandbox through its control API."""
        answer = requests.request(
            method,
            f"{self.sandbox.url}/control{path}",
            json=body,
            headers={"X-Sandbox-Control": "1"},
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def subscribe(self, **changes: Any) -> None:
        """Tell the sandbox where to send events, without its handshake."""
        self.control(
            "PUT",
            "/subscription",
            {
                "url": f"{self.portal_url}/callbacks/dingtalk",
                "aes_key": AES_KEY,
                "token": TOKEN,
                "events": ["bpms_instance_change", "bpms_task_change"],
                **changes,
            },
        )

    def act(self, instance_id: str, person: str, action: str, remark: str = "", to: str = "") -> None:
        """Let somebody act on an instance in DingTalk."""
        body = {"person": person, "action": action, "remark": remark, "to": to}
        self.control("POST", f"/instances/{instance_id}/actions", {k: v for k, v in body.items() if v})

    def client(self, person: str | None = None) -> FlaskClient:
        """Return a browser without JavaScript, signed in through DingTalk as ``person``."""
        client = self.app.test_client()
        if person is not None:
            leave = client.get("/sign-in/dingtalk")
            state = parse_qs(urlsplit(leave.headers["Location"]).query)["state"][0]
            code = self.control("POST", "/sign-in", {"person": person})["authCode"]
            back = client.get("/sign-in/dingtalk/return", query_string={"authCode": code, "state": state})
            assert back.status_code == 303, back.text
        return client

    def work(self) -> int:
        """Do what the worker does, once: sort events, advance what is due. Returns how much there was."""
        due: list[DueWork] = []
        with self.app.app_context():
            done = self.services.event_inbox.sort_due(limit=100)
            done += self.services.due_work.take(limit=100, hand_over=lambda _session, each: due.append(each))
            for each in due:
                self.services.doers[each.kind](each.key)
                db.session.remove()
        return done

    def work_until(self, is_true: Callable[[], bool], *, seconds: float = 60) -> None:
        """Work until something is so; fails when it does not become so in time."""
        deadline = time.monotonic() + seconds
        while not self.look(is_true):
            assert time.monotonic() < deadline, "it did not happen in time"
            self.work()
            time.sleep(0.02)

    def hear_everything(self) -> None:
        """Work until DingTalk has told all that it has to tell, and all of it is sorted."""
        self.work_until(
            lambda: all(
                each["state"] != "waiting" for each in self.control("GET", "/deliveries")["deliveries"]
            )
        )
        while self.work():
            continue

    def let_pass(self, **duration: float) -> None:
        """Let time pass for the portal, as ``timedelta`` counts it."""
        self.clock.ahead += timedelta(**duration)

    def look(self, read: Callable[[], Any]) -> Any:
        """Read with a fresh view of the database."""
        with self.app.app_context():
            return read()

    def _end(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.close()
        self._server.close()


def csrf_token(page: str) -> str:
    """Return the token of a rendered page, as a browser would send it."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sandbox_config(folder: Path) -> SandboxConfig:
    return SandboxConfig(
        database_path=folder / "sandbox.sqlite3",
        public_url="http://127.0.0.1:8001",
        corp_id=CORP_ID,
        app_key=APP_KEY,
        app_secret=APP_SECRET,
        agent_id=AGENT_ID,
        secret_key=SECRET_KEY,
    )


def environment(folder: Path, *, port: int, sandbox_url: str) -> dict[str, str]:
    return {
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_INSTANCE": str(folder / "instance"),
        "PORTAL_PORT": str(port),
        "DINGTALK_CORP_ID": CORP_ID,
        "DINGTALK_APP_KEY": APP_KEY,
        "DINGTALK_APP_SECRET": APP_SECRET,
        "DINGTALK_AGENT_ID": str(AGENT_ID),
        "DINGTALK_CALLBACK_TOKEN": TOKEN,
        "DINGTALK_CALLBACK_AES_KEY": AES_KEY,
        "PORTAL_WEBHOOK_NETWORKS": "127.0.0.0/8",
        **{f"DINGTALK_{name}_URL": sandbox_url for name in ADDRESS_NAMES},
    }


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.subscribe()
    yield made
    made.close()


@pytest.fixture
def portal_settings(world: World) -> Settings:
    return world.settings
