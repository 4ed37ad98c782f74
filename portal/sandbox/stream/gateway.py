"""The gateway: hands out tickets, keeps the connections of the app, and gives each message to one of them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from portal.sandbox.stream.connection import Connection
from portal.sandbox.stream.frames import AckStatus, read_ack

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import Server, ServerConnection

PATH = "/connect"
TICKET_PARAMETER = "ticket"


class GatewayMissing(Exception):
    """The library that speaks websocket is not installed."""


@dataclass
class _Ticket:
    expires_at: float
    ping_seconds: float


@dataclass
class Gateway:
    """Listens on ``port`` (0: any free one) of ``host`` from the first ticket on; ``wake`` is set by answers.

    ``answers`` holds what clients said to messages, by the number of the delivery.
    """

    wake: threading.Event
    host: str = "127.0.0.1"
    port: int = 0
    answers: SimpleQueue[tuple[int, AckStatus]] = field(default_factory=SimpleQueue)
    _tickets: dict[str, _Ticket] = field(default_factory=dict)
    _connections: list[Connection] = field(default_factory=list)
    _awaited: dict[str, int] = field(default_factory=dict)
    _turn: int = 0
    _server: Server | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, *, ticket_seconds: float, ping_seconds: float) -> tuple[int, str]:
        """Return the port and a ticket for one connection; raises ``GatewayMissing``."""
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            port = self._listening_port()
            self._tickets[ticket] = _Ticket(
                expires_at=time.monotonic() + ticket_seconds, ping_seconds=ping_seconds
            )
        return port, ticket

    def connections(self) -> list[Connection]:
        """Those that get messages, the oldest first."""
        with self._lock:
            return [each for each in self._connections if each.is_open]

    def send(self, delivery_id: int, make_frame: Callable[[str, str], dict[str, Any]]) -> bool:
        """Give a message to one connection, in turns; returns whether there was one.

        ``make_frame`` is given the message's id and the connection's.
        """
        message_id = f"{secrets.token_hex(4)}_{delivery_id:x}_{int(time.time() * 1000):x}"
        open_ones = self.connections()
        with self._lock:
            self._turn += 1
            self._awaited[message_id] = delivery_id
        for offset in range(len(open_ones)):
            connection = open_ones[(self._turn + offset) % len(open_ones)]
            if connection.send(make_frame(message_id, connection.id)):
                return True
        with self._lock:
            del self._awaited[message_id]
        return False

    def disconnect_all(self, *, closing_seconds: float, reason: str) -> int:
        """Announce to every connection that it ends soon; returns to how many."""
        open_ones = self.connections()
        for each in open_ones:
            each.announce_end(closing_seconds=closing_seconds, reason=reason)
        return len(open_ones)

    def cut_all(self) -> int:
        """Cut every connection without a word; returns how many."""
        with self._lock:
            living = list(self._connections)
        for each in living:
            each.cut()
        return len(living)

    def stop(self) -> None:
        """Close everything."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.shutdown()
        self.cut_all()

    def _listening_port(self) -> int:
        if self._server is None:
            try:
                from websockets.sync.server import serve
            except ImportError as error:
                raise GatewayMissing from error
            self._server = serve(self._serve, self.host, self.port, process_request=self._check)
            threading.Thread(target=self._server.serve_forever, name="sandbox-gateway", daemon=True).start()
        return int(self._server.socket.getsockname()[1])

    def _check(self, websocket: ServerConnection, request: Request) -> Response | None:
        """Take the ticket, which is good once."""
        with self._lock:
            ticket = self._tickets.pop(_ticket_of(request), None)
        if ticket is None or ticket.expires_at < time.monotonic():
            return websocket.respond(HTTPStatus.UNAUTHORIZED, "the ticket is unknown, used or expired\n")
        websocket.ping_seconds = ticket.ping_seconds  # type: ignore[attr-defined]
        return None

    def _serve(self, websocket: ServerConnection) -> None:
        connection = Connection(websocket, ping_seconds=websocket.ping_seconds)  # type: ignore[attr-defined]
        with self._lock:
            self._connections.append(connection)
        self.wake.set()
        try:
            connection.listen(self._hear)
        finally:
            with self._lock:
                self._connections.remove(connection)

    def _hear(self, text: str | bytes) -> None:
        ack = read_ack(text)
        if ack is None:
            return
        message_id, status = ack
        with self._lock:
            delivery_id = self._awaited.pop(message_id, None)
        if delivery_id is not None:
            self.answers.put((delivery_id, status))
            self.wake.set()


def _ticket_of(request: Request) -> str:
    parts = urlsplit(request.path)
    values = parse_qs(parts.query).get(TICKET_PARAMETER, [])
    return values[0] if parts.path == PATH and len(values) == 1 else ""
