"""Grants on their way through real processes, to a tool behind the webhook whose calls can be held."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from portal.database import transaction
from portal.extensions import db
from portal.models import Chore, Grant, GrantTargetSettings
from portal.rules.grant_state import has_ended
from portal.services.grants.grant_claims import CALL_LEASE
from portal.services.work.chores import ChoreName
from tests.durability.running_portal import RunningPortal
from tests.durability.waiting import wait
from tests.grants.hook import Hook
from tests.portal_world import World
from tests.services.grant_story import approved

HELD_SECONDS = 120.0


@dataclass
class Tool:
    """Does each delivery once, by its id, as docs/webhook.md asks for; can be stopped before and after doing it."""

    done: list[tuple[str, int, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    hold_at: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, moment: str) -> None:
        """Stop the next call when it is ``asked`` (nothing is done yet) or ``done`` (its answer is on its way)."""
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.hold_at = moment

    def wait(self) -> None:
        assert self.reached.wait(HELD_SECONDS), "the tool was not called"

    def answer(self, body: bytes, handler: BaseHTTPRequestHandler) -> None:
        told = json.loads(body)
        if not self._stop("asked"):
            self._do(told["event"], int(told["grant"]["id"]), told["delivery_id"])
            self._stop("done")
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _do(self, event: str, grant_id: int, delivery_id: str) -> None:
        with self.turn:
            if delivery_id in self.seen:
                return
            self.seen.add(delivery_id)
            self.done.append((event, grant_id, delivery_id))
            if event == "grant.deliver":
                self.held.add(grant_id)
            else:
                self.held.discard(grant_id)

    def _stop(self, moment: str) -> bool:
        """Whether the call was stopped, and its caller is dead."""
        if self.hold_at != moment:
            return False
        self.hold_at = ""
        go_on = self.go_on
        self.reached.set()
        go_on.wait(HELD_SECONDS)
        return moment == "asked"


@dataclass
class Granting:
    """One portal, one tool, one grant after the other."""

    portal: RunningPortal
    tool: Tool

    @property
    def world(self) -> World:
        return self.portal.world

    def approve(self, *, days: int = 30, target: str = "webhook") -> int:
        return int(approved(self.world, target=target, days=days) or 0)

    def state(self, grant_id: int) -> str:
        return str(self.world.look(lambda: db.session.get_one(Grant, grant_id).state))

    def wait_for(self, grant_id: int, *states: str) -> None:
        self._wait(grant_id, states, do=lambda: None)

    def hurry(self, grant_id: int, *states: str) -> None:
        """Wait for a state while leases and pauses are let pass; only when nobody alive is at work on it."""
        self._wait(grant_id, states, do=lambda: self.let_pause_pass(grant_id))

    def let_pause_pass(self, grant_id: int) -> None:
        now = self.world.clock.now()
        with self.world.app.app_context(), transaction() as session:
            grant = session.get_one(Grant, grant_id, with_for_update={"of": Grant})
            begun_at = grant.leased_until - CALL_LEASE if grant.leased_until else None
            if grant.due_at is None or (begun_at is not None and begun_at >= self.portal.started_at):
                return  # a worker that is alive may be calling the tool at this moment
            grant.due_at = min(grant.due_at, now)
            grant.leased_until = min(grant.leased_until, now) if grant.leased_until else None

    def let_it_expire(self, grant_id: int) -> None:
        """Let a grant be at its end, and the sweep come at once."""
        now = self.world.clock.now()
        with self.world.app.app_context(), transaction() as session:
            session.get_one(Grant, grant_id, with_for_update={"of": Grant}).expires_at = now
            session.get_one(Chore, ChoreName.EXPIRE_GRANTS.value, with_for_update=True).due_at = now

    def _wait(self, grant_id: int, states: tuple[str, ...], *, do: Callable[[], None]) -> None:
        def has_come() -> bool:
            if self.state(grant_id) in states:
                return True
            do()
            return False

        wait(
            has_come,
            what=lambda: f"{states}: it is {self.state(grant_id)}; {self.portal.worker.tail()}",
        )

    def is_over(self, grant_id: int) -> bool:
        return has_ended(self.state(grant_id))


def set_up_webhook(world: World, hook: Hook) -> None:
    """Let the portal call the tool, as an admin would have set it up."""
    with world.app.app_context(), transaction() as session:
        row = GrantTargetSettings(
            name="webhook",
            is_enabled=True,
            options={"address": hook.address},
            updated_at=world.clock.now(),
        )
        world.services.webhook_settings.store.renew_secret(row)
        session.add(row)
