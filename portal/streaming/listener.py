"""One listener: keeps a connection to DingTalk while Stream is chosen, and says how it stands.

It looks every other second at what an admin has decided, and at once when a connection says that it ends. Nothing
depends on it: what it does not hear is found by the sweep and, where DingTalk lists it, among the failed pushes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog
from flask import Flask

from portal.channels.dingtalk.stream import StreamLine
from portal.channels.failures import ChannelError, Failure, OwnFailure, Retry
from portal.secret_box import SecretUnreadable
from portal.services.events.stream_connections import ListenerState, SignOfLife
from portal.services.registry import Services
from portal.streaming.retry_pause import RetryPause

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

LOOK_EVERY_SECONDS = 2.0
HEARTBEAT_SECONDS = 10.0
# Within what supervisors grant (Kubernetes: 30 s), and before DingTalk closes a connection that it said would end.
FINISH_WITHIN_SECONDS = 8.0


class Listener:
    """Belongs to one event loop; the database is asked in threads."""

    def __init__(
        self, app: Flask, portal: Services, name: str, *, look_every_seconds: float = LOOK_EVERY_SECONDS
    ) -> None:
        self._app = app
        self._portal = portal
        self._name = name
        self._look_every_seconds = look_every_seconds
        self._woken = asyncio.Event()
        self._is_stopping = False
        self._line: StreamLine | None = None
        self._line_of: tuple[str, ...] = ()
        self._ending: set[asyncio.Task[None]] = set()
        self._pause = RetryPause()
        self._connections = 0
        self._connected_at: datetime | None = None
        self._last_event_at: datetime | None = None
        self._failure: Failure | None = None
        self._said: tuple[object, ...] = ()
        self._next_beat = 0.0

    def stop(self) -> None:
        """End soon; called in the event loop."""
        self._is_stopping = True
        self._woken.set()

    async def listen(self) -> None:
        """Do rounds until told to stop; a database that is away for a while ends nothing."""
        while not self._is_stopping:
            self._woken.clear()
            try:
                await self._round()
            except Exception:
                log.exception("stream.round_failed")
            try:
                await asyncio.wait_for(self._woken.wait(), timeout=self._look_every_seconds)
            except TimeoutError:
                continue
        self._let_go()
        if self._ending:
            await asyncio.wait(self._ending, timeout=2 * FINISH_WITHIN_SECONDS)
        await self._ask(lambda: self._portal.stream_connections.leave(self._name))

    async def _round(self) -> None:
        wanted = await self._wanted()
        if self._line is not None:
            self._look_at(self._line, wanted)
        if self._line is None and wanted and self._pause.is_over(wanted):
            await self._connect(wanted)
        await self._beat(is_wanted=bool(wanted))

    async def _wanted(self) -> tuple[str, ...]:
        """Return what identifies the app to listen as; empty when there is nothing to listen to."""
        try:
            binding = await self._ask(self._portal.stream_connections.app_to_listen_as)
        except SecretUnreadable:
            self._failure = Failure(kind=OwnFailure.SECRETS_UNREADABLE, retry=Retry.RETRYABLE)
            return ()
        if binding is None:
            self._failure = None
            return ()
        return binding.corp_id, binding.app_key, binding.app_secret

    def _look_at(self, line: StreamLine, wanted: tuple[str, ...]) -> None:
        if line.is_over:
            self._line = self._connected_at = None
            self._pause.lost()
            log.info("stream.disconnected", listener=self._name)
        elif line.is_leaving or wanted != self._line_of:
            log.info("stream.leaving", listener=self._name, is_planned=line.is_leaving)
            self._let_go()

    def _let_go(self) -> None:
        """Let the connection finish what it has heard, while another one is made."""
        if self._line is not None:
            task = asyncio.create_task(self._line.finish(within_seconds=FINISH_WITHIN_SECONDS))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            self._line = self._connected_at = None

    async def _connect(self, wanted: tuple[str, ...]) -> None:
        line = self._portal.stream.line(take=self._take, notice=self._woken.set)
        try:
            await line.open(await self._ask(self._portal.stream.ticket))
        except ChannelError as error:
            self._failure = error.failure
            self._pause.failed(wanted, is_hopeless=error.failure.retry is Retry.PERMANENT)
            log.warning("stream.not_connected", listener=self._name, **error.failure.told)
            return
        self._line, self._line_of, self._failure = line, wanted, None
        self._connections += 1
        self._pause.connected()
        self._connected_at = self._portal.clock.now()
        log.info("stream.connected", listener=self._name)

    async def _take(self, message: str) -> bool:
        self._last_event_at = self._portal.clock.now()
        return await self._ask(lambda: self._portal.stream_intake.receive(message))

    async def _beat(self, *, is_wanted: bool) -> None:
        sign = self._sign(is_wanted=is_wanted)
        said = (sign.state, sign.connected_at, sign.failure)
        if said == self._said and time.monotonic() < self._next_beat:
            return
        await self._ask(lambda: self._portal.stream_connections.beat(sign))
        self._said, self._next_beat = said, time.monotonic() + HEARTBEAT_SECONDS

    def _sign(self, *, is_wanted: bool) -> SignOfLife:
        failure = self._line.failure if self._line is not None else self._failure
        if self._line is not None:
            state = ListenerState.CONNECTED
        elif failure is not None:
            state = ListenerState.WAITING
        else:
            state = ListenerState.CONNECTING if is_wanted else ListenerState.IDLE
        return SignOfLife(
            listener=self._name,
            state=state,
            connected_at=self._connected_at,
            last_event_at=self._last_event_at,
            reconnects=max(0, self._connections - 1),
            failure=failure,
        )

    async def _ask(self, what: Callable[[], Result]) -> Result:
        def in_context() -> Result:
            with self._app.app_context():
                return what()

        return await asyncio.to_thread(in_context)
