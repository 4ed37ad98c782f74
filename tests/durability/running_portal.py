"""A portal of real processes, with doors to and from DingTalk, that a test may kill and start again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import requests
from sqlalchemy import ColumnElement, func, make_url, select

from portal.database import sqlite_driver, transaction
from portal.extensions import db
from portal.models import Approval, CallbackEvent, Chore, StrayInstance
from portal.models.callback_event import EventState
from portal.rules.approval_state import OUTCOMES, ApprovalState
from portal.services.chores import ChoreName
from tests.durability.door import Door
from tests.portal_world import World, csrf_token, free_port
from tests.services.story import actor_named, approval_of

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240.0
UNSTARTED = (ApprovalState.SUBMITTED, ApprovalState.STARTING, ApprovalState.START_UNKNOWN)
AT_WORK = (*UNSTARTED, ApprovalState.PENDING)
UNSETTLED = (EventState.RECEIVED, EventState.MATCHED)


class Victim(StrEnum):
    """Who is killed."""

    WEB = "web"
    WORKER = "worker"
    BOTH = "both"


class PortalProcess:
    """One command of the portal as a process; its log is kept for the failure's text."""

    def __init__(self, command: str, *, environment: dict[str, str], log: Path, started_word: str) -> None:
        self.command = command
        self.log = log
        self._environment = environment
        self._started_word = started_word.encode()
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._read_from = 0

    @property
    def is_running(self) -> bool:
        process = self._process
        return process is not None and process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it if it does not run, without waiting for it."""
        with self._turn, self.log.open("ab") as log:
            if self.is_running:
                return
            self._read_from = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "portal", self.command],
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def wait_until_started(self) -> None:
        wait(self._has_been_started, what=lambda: f"{self.command} to start; its log ends: {self.tail()}")

    def kill(self) -> None:
        """Kill it as a power cut would: no signal handler, no clean-up."""
        with self._turn:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                self._process = None

    def tail(self) -> str:
        return self.log.read_bytes()[-1500:].decode(errors="replace") if self.log.exists() else ""

    @property
    def has_started(self) -> bool:
        """Whether it runs, and says that it is ready."""
        if not self.is_running:
            return False
        with self.log.open("rb") as log:
            log.seek(self._read_from)
            return self._started_word in log.read()

    def _has_been_started(self) -> bool:
        self.start()
        return self.has_started


class RunningPortal:
    """Web and worker as processes on the database of ``world``, which the test looks into."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.started_at = world.clock.now()
        self._is_database_held = False
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.to_dingtalk = Door(world.sandbox.url)
        self.to_portal = Door(self.url)
        self.environment = {
            **os.environ,
            **world.environment,
            "PORTAL_PORT": str(port),
            "DINGTALK_API_URL": self.to_dingtalk.url,
            "DINGTALK_OAPI_URL": self.to_dingtalk.url,
        }
        self.web = self._process("serve", "web.started")
        self.worker = self._process("worker", "worker.started")
        world.subscribe(url=f"{self.to_portal.url}/callbacks/dingtalk")

    def start(self) -> None:
        """Start what does not run, and wait until it does."""
        processes = (self.web, self.worker)
        for process in processes:
            process.start()
        for process in processes:
            process.wait_until_started()
        self.started_at = self.world.clock.now()
        wait(self._is_answering, what="the web process to answer")

    def kill(self, victim: Victim) -> None:
        if victim in (Victim.WEB, Victim.BOTH):
            self.web.kill()
        if victim in (Victim.WORKER, Victim.BOTH):
            self.worker.kill()

    def upgrade_database(self) -> None:
        """Run ``portal db upgrade``, as a release does before its processes start."""
        command = [sys.executable, "-m", "portal", "db", "upgrade"]
        subprocess.run(command, env=self.environment, cwd=ROOT, check=True, capture_output=True, timeout=120)

    def cut_all(self) -> None:
        """End whatever the doors hold, and hold nothing that comes."""
        self.to_dingtalk.cut_all()
        self.to_portal.cut_all()

    def wait_until_all_is_told(self) -> None:
        """Wait until DingTalk has no event left to deliver."""
        wait(
            lambda: self.world.control("GET", "/state")["counts"]["deliveries"]["waiting"] == 0,
            what="all events to be delivered",
        )

    def wait_until_inbox_is_settled(self) -> None:
        """Wait until no event waits for its approval any more."""
        unsettled = select(func.count()).where(CallbackEvent.state.in_(UNSETTLED))
        wait(
            lambda: self.world.look(lambda: db.session.scalar(unsettled)) == 0,
            what=lambda: f"the inbox to be settled; {self.worker.tail()}",
        )

    def close(self) -> None:
        self.kill(Victim.BOTH)
        self.to_dingtalk.close()
        self.to_portal.close()

    @contextmanager
    def held_database(self, table: str) -> Iterator[None]:
        """Let nobody commit to ``table``, on SQLite to anything, while everybody can read."""
        if self._is_database_held and self.world.settings.is_sqlite:
            yield
            return
        url = make_url(self.world.settings.database_url)
        if self.world.settings.is_sqlite:
            connection: Any = sqlite_driver().connect(url.database, timeout=30, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
        else:
            address = url.set(drivername="postgresql").render_as_string(hide_password=False)
            connection = psycopg.connect(address)
            connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        self._is_database_held = True
        try:
            yield
        finally:
            self._is_database_held = False
            connection.rollback()
            connection.close()

    def callback_answers(self) -> set[int | None]:
        """Return with which statuses the deliveries that go on were answered; None for no answer in time."""
        waiting = self.world.control("GET", "/deliveries?state=waiting")["deliveries"]
        return {attempt["http_status"] for each in waiting for attempt in each["attempts"]}

    def state_of(self, number: str) -> str:
        return str(self.world.look(lambda: approval_of(number).state))

    def instance_of(self, number: str) -> str:
        return str(self.world.look(lambda: approval_of(number).instance_id))

    def wait_for(self, number: str, *states: str) -> str:
        """Wait until the approval is in one of the states, and return which."""
        wait(
            lambda: self.state_of(number) in states,
            what=lambda: f"{number} to be {states}: it is {self.state_of(number)}; {self.worker.tail()}",
        )
        return self.state_of(number)

    def hurry(self, number: str, *states: str) -> str:
        """Wait for a state while letting the time pass that the approval's row waits for: leases and pauses.

        The row's own times are moved into the past: for the processes it is as if that time had gone by. What
        waits for a person in DingTalk is left to wait for the event.
        """

        def has_come() -> bool:
            if self.state_of(number) in states:
                return True
            self.let_pause_pass(number)
            time.sleep(0.1)
            return False

        wait(
            has_come,
            what=lambda: f"{number} to be {states}: it is {self.state_of(number)}; {self.worker.tail()}",
        )
        return self.state_of(number)

    def make_older(self, number: str, *, by: timedelta) -> None:
        """Move all times of an approval into the past."""
        with self._locked(Approval, Approval.id == self._id_of(number)) as (approval,):
            _make_older(approval, by)

    def let_pause_pass(self, number: str) -> None:
        """Let the time pass that an approval waits for, unless it is people who are waited for."""
        with self._locked(Approval, Approval.id == self._id_of(number)) as (approval,):
            self._let_pause_pass(approval)

    def let_all_pauses_pass(self) -> list[str]:
        """Do so for all that is open, and return the requests that somebody has to start again."""
        with self._locked(Approval, Approval.state.not_in(OUTCOMES)) as approvals:
            for approval in approvals:
                self._let_pause_pass(approval)
            stuck = [each.number for each in approvals if each.state == ApprovalState.COULD_NOT_START]
        now = self.world.clock.now()
        with self._locked(CallbackEvent, CallbackEvent.due_at > now) as events:
            for event in events:
                event.due_at = now
        with self._locked(StrayInstance, StrayInstance.due_at > now) as strays:
            for stray in strays:
                stray.found_at, stray.due_at = stray.found_at - (stray.due_at - now), now
        return stuck

    def sync_all(self) -> None:
        """Press "Sync all", and wait until what DingTalk could not deliver is fetched; approvals are being read."""
        asked_at = self.world.clock.now()
        with self.world.app.app_context():
            self.world.services.syncing.all(actor_named("alice"))

        def is_drained() -> bool:
            chore = db.session.get_one(Chore, ChoreName.DRAIN_FAILED_PUSHES.value)
            return chore.done_at is not None and chore.done_at >= asked_at

        wait(
            lambda: bool(self.world.look(is_drained)),
            what=lambda: f"failed events to be fetched; {self.worker.tail()}",
        )

    def work_left(self) -> dict[str, int]:
        """Return what is still under way, by what it is."""
        waited_for = Approval.state.in_((ApprovalState.SUBMITTED, ApprovalState.PENDING))
        worked_on = select(func.count()).where(waited_for, Approval.due_at.is_not(None))
        unstarted = select(func.count()).where(Approval.state.in_(UNSTARTED))
        unsettled = select(func.count()).where(CallbackEvent.state.in_(UNSETTLED))
        strays = select(func.count()).where(StrayInstance.due_at.is_not(None))
        with self.world.app.app_context():
            left = {
                "approvals being worked on": db.session.scalar(worked_on) or 0,
                "approvals not started": db.session.scalar(unstarted) or 0,
                "strays not settled": db.session.scalar(strays) or 0,
                "events not settled": db.session.scalar(unsettled) or 0,
            }
        counts = self.world.control("GET", "/state")["counts"]
        return {**left, "events not delivered": counts["deliveries"]["waiting"]}

    def is_nothing_under_way(self) -> bool:
        return not any(self.work_left().values())

    def _id_of(self, number: str) -> int:
        return int(self.world.look(lambda: approval_of(number).id))

    @contextmanager
    def _locked(self, model: Any, condition: ColumnElement[bool]) -> Iterator[list[Any]]:
        """Yield the rows of a model that are so, kept from others, and commit what is changed of them."""
        rows = select(model).where(condition).order_by(model.id).with_for_update(of=model)
        with self.world.app.app_context(), transaction() as session:
            yield list(session.scalars(rows))

    def _let_pause_pass(self, approval: Approval) -> None:
        now = self.world.clock.now()
        if approval.state not in AT_WORK:
            return  # only people can go on here; what is due is a look for what may surface late
        if approval.state == ApprovalState.STARTING and (approval.starting_at or now) >= self.started_at:
            return  # a worker that is alive may be calling DingTalk at this moment
        pause = (approval.due_at or now) - now
        if pause > timedelta():
            _make_older(approval, pause)

    def _process(self, command: str, started_word: str) -> PortalProcess:
        log = self.world.folder / f"{command}.log"
        return PortalProcess(command, environment=self.environment, log=log, started_word=started_word)

    def _is_answering(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/live", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False


def _make_older(approval: Approval, by: timedelta) -> None:
    for name in ("due_at", "starting_at", "started_at", "withdrawal_requested_at"):
        at = getattr(approval, name)
        if at is not None:
            setattr(approval, name, at - by)


class Visitor:
    """A person at a browser without JavaScript, who sends a form again when no answer came."""

    def __init__(self, portal: RunningPortal, person: str) -> None:
        self.person = person
        self._portal = portal
        self._browser = requests.Session()
        leave = self._get("/sign-in/dingtalk")
        state = parse_qs(urlsplit(leave.headers["Location"]).query)["state"][0]
        code = portal.world.control("POST", "/sign-in", {"person": person})["authCode"]
        back = self._get("/sign-in/dingtalk/return", authCode=code, state=state)
        assert back.status_code == 303, back.text

    def close(self) -> None:
        self._browser.close()

    def fill_in(self, *, resource: tuple[str, str] = ("dashboard", "sales-overview")) -> dict[str, str]:
        """Open the form of a resource and return it filled in, not sent."""
        resource_type, resource_id = resource
        page = self._get("/requests/new", resource_type=resource_type, resource_id=resource_id)
        assert page.status_code == 200, page.text
        return {
            "csrf_token": csrf_token(page.text),
            "submission_key": page.text.split('name="submission_key"')[1].split('value="')[1].split('"')[0],
            "resource_type": resource_type,
            "resource_id": resource_id,
            "level": "view",
            "validity": "7",
            "until": "",
            "reason": "Quarterly report 季度",
        }

    def send(self, path: str, form: dict[str, str]) -> requests.Response:
        """Send a form once; raises ``requests.RequestException`` when no answer comes."""
        return self._browser.post(
            self._portal.to_portal.url + path, data=form, allow_redirects=False, timeout=PATIENCE_SECONDS
        )

    def submit(self, form: dict[str, str]) -> str:
        """Send the form until it is answered, and return the request's number."""
        answers: list[requests.Response] = []

        def is_answered() -> bool:
            try:
                answers.append(self.send("/requests", form))
            except requests.RequestException:
                return False
            assert answers[-1].status_code == 303 or answers[-1].status_code >= 500, words_of(answers[-1])
            return answers[-1].status_code == 303

        wait(is_answered, what=lambda: f"an answer to the form: {answers and words_of(answers[-1])}")
        return answers[-1].headers["Location"].rsplit("/", 1)[-1]

    def press(self, number: str, button: str) -> requests.Response:
        """Press ``withdrawal`` or ``start`` on the status page of a request."""
        page = self._get(f"/requests/{number}")
        return self.send(f"/requests/{number}/{button}", {"csrf_token": csrf_token(page.text)})

    def page_of(self, number: str) -> str:
        answer = self._get(f"/requests/{number}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def _get(self, path: str, **query: str) -> requests.Response:
        answers: list[requests.Response] = []

        def is_answered() -> bool:
            try:
                address = self._portal.to_portal.url + path
                answers.append(self._browser.get(address, params=query, allow_redirects=False, timeout=30))
            except requests.RequestException:
                return False
            return answers[-1].status_code < 500

        wait(is_answered, what=lambda: f"{path}: {answers and words_of(answers[-1])}")
        return answers[-1]


def words_of(answer: requests.Response) -> str:
    """Return what a person would read on the page, short enough for a failure's text."""
    main = answer.text.split("<main", 1)[-1].split("</main", 1)[0]
    return f"{answer.status_code} {' '.join(re.sub('<[^>]*>', ' ', main).split())[:600]}"


def wait(
    is_true: Callable[[], bool], *, what: str | Callable[[], str], seconds: float = PATIENCE_SECONDS
) -> None:
    """Return once something is so; fails with ``what`` when it does not become so in time."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"waited in vain for {what() if callable(what) else what}"
        time.sleep(0.03)
