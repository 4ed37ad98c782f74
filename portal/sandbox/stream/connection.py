"""One websocket of a client: pings while it lives, a word before a planned end, nothing before a cut."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from portal.sandbox.clock import now_ms
from portal.sandbox.stream.frames import SystemTopic, system_frame

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection

LOOK_EVERY_SECONDS = 0.2


class Connection:
    """Listens in the thread of its websocket; everything else may be called from any other."""

    def __init__(self, websocket: ServerConnection, *, ping_seconds: float) -> None:
        self.id = secrets.token_hex(8)
        self.opened_at = now_ms()
        self.messages = 0
        self._websocket = websocket
        self._ping_seconds = ping_seconds
        self._next_ping_at = time.monotonic() + ping_seconds
        self._closes_at: float | None = None
        self._is_gone = threading.Event()

    @property
    def is_open(self) -> bool:
        """Whether it gets messages: neither gone nor told that it ends."""
        return self._closes_at is None and not self._is_gone.is_set()

    def listen(self, hear: Callable[[str | bytes], None]) -> None:
        """Hand every message to ``hear`` until the connection ends."""
        from websockets.exceptions import ConnectionClosed

        self.send(system_frame(SystemTopic.CONNECTED), is_message=False)
        try:
            while self._may_go_on():
                try:
                    hear(self._websocket.recv(timeout=LOOK_EVERY_SECONDS))
                except TimeoutError:
                    continue
        except ConnectionClosed:
            pass
        finally:
            self._is_gone.set()

    def send(self, frame: dict[str, Any], *, is_message: bool = True) -> bool:
        """Send; returns False when the connection turns out to be gone."""
        from websockets.exceptions import ConnectionClosed

        try:
            self._websocket.send(json.dumps(frame, ensure_ascii=False))
        except (ConnectionClosed, OSError):
            self._is_gone.set()
            return False
        self.messages += is_message
        return True

    def announce_end(self, *, closing_seconds: float, reason: str) -> None:
        """Say that the connection ends; it is closed after ``closing_seconds``."""
        self._closes_at = time.monotonic() + closing_seconds
        self.send(system_frame(SystemTopic.DISCONNECT, reason=reason), is_message=False)

    def cut(self) -> None:
        """Close the socket without a word."""
        self._is_gone.set()
        try:
            self._websocket.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _may_go_on(self) -> bool:
        now = time.monotonic()
        if self._closes_at is not None and now >= self._closes_at:
            self._websocket.close()
            return False
        if now >= self._next_ping_at:
            self._next_ping_at = now + self._ping_seconds
            self.send(system_frame(SystemTopic.PING, opaque=secrets.token_hex(8)), is_message=False)
        return True
