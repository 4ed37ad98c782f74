"""A portal of real processes, with doors to and from DingTalk, that a test may kill and start again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Any

import psycopg
import requests
from sqlalchemy import ColumnElement, func, make_url, select

from portal.database import sqlite_driver, transaction
from portal.extensions import db
from portal.models import Approval, CallbackEvent, Chore, StrayInstance
from portal.models.callback_event import EventState
from portal.rules.approval_state import OUTCOMES, ApprovalState
from portal.services.work.chores import ChoreName
from tests.durability.door import Door
from tests.durability.portal_process import ROOT, PortalProcess
from tests.durability.waiting import wait
from tests.portal_world import World, free_port
from tests.services.story import actor_named, approval_of

UNSTARTED = (ApprovalState.SUBMITTED, ApprovalState.STARTING, ApprovalState.START_UNKNOWN)
AT_WORK = (*UNSTARTED, ApprovalState.PENDING)
UNSETTLED = (EventState.RECEIVED, EventState.MATCHED)


class Victim(StrEnum):
    """Who is killed."""

    WEB = "web"
    WORKER = "worker"
    BOTH = "both"


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
        except requests.RequestException:
            return False


def _make_older(approval: Approval, by: timedelta) -> None:
    for name in ("due_at", "starting_at", "started_at", "withdrawal_requested_at"):
        at = getattr(approval, name)
        if at is not None:
            setattr(approval, name, at - by)
