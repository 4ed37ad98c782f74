"""One HTTP call to an address that somebody typed: checked where it leads, short, and read no further than needed."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult

from portal.grants.webhook.address import AddressRules
from portal.name_lookup import Number

LARGEST_ANSWER_BYTES = 64 * 1024
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; of the body the first ``LARGEST_ANSWER_BYTES``."""

    status: int
    body: bytes
    retry_after: str
    seconds: float


class NotSent(Exception):
    """No connection came about, so nothing was sent; ``is_certificate`` tells that the certificate is why."""

    def __init__(self, *, is_certificate: bool = False) -> None:
        super().__init__("certificate" if is_certificate else "connection")
        self.is_certificate = is_certificate


class NoAnswer(Exception):
    """The call went out and no whole answer came; ``is_late`` tells that the time ran out."""

    def __init__(self, *, is_late: bool) -> None:
        super().__init__("late" if is_late else "broken")
        self.is_late = is_late


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Calls once, follows no redirect and asks no proxy: it would connect where nobody checks.

    ``seconds`` bounds the whole call, however slowly a name server answers or an answer trickles.
    """

    rules: AddressRules
    context: ssl.SSLContext
    seconds: float

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send ``body``; raises ``AddressRefused``, ``NotSent`` and ``NoAnswer``."""
        began = time.monotonic()
        parts = self.rules.read(url)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        numbers = self.rules.resolve(host, port, seconds=self.seconds)
        ends_at = began + self.seconds
        wire = self._connected(numbers, port, host=host if parts.scheme == "https" else None, ends_at=ends_at)
        with wire:
            connection = http.client.HTTPConnection(host, port)
            connection.sock = _TimedSocket(wire, ends_at=ends_at)
            try:
                connection.request("POST", _path(parts), body=body, headers={**headers, "Host": parts.netloc})
                answer = connection.getresponse()
                return Answer(
                    status=answer.status,
                    body=answer.read(LARGEST_ANSWER_BYTES),
                    retry_after=answer.headers.get("Retry-After", ""),
                    seconds=time.monotonic() - began,
                )
            except TimeoutError:
                raise NoAnswer(is_late=True) from None
            except (OSError, http.client.HTTPException, ValueError):
                raise NoAnswer(is_late=False) from None

    def _connected(
        self, numbers: list[Number], port: int, *, host: str | None, ends_at: float
    ) -> socket.socket:
        """Connect to one of the numbers that were checked: the name is not looked up a second time."""
        for number in numbers:
            family = socket.AF_INET6 if isinstance(number, IPv6Address) else socket.AF_INET
            wire = socket.socket(family, socket.SOCK_STREAM)
            try:
                wire.settimeout(_left(ends_at))
                wire.connect((str(number), port))
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                wire.settimeout(_left(ends_at))
                return self.context.wrap_socket(wire, server_hostname=host) if host else wire
            except ssl.SSLError:
                wire.close()
                raise NotSent(is_certificate=True) from None
            except OSError:
                wire.close()
        raise NotSent


class _TimedSocket:
    """As much of a socket as ``http.client`` needs, with one end of time for all that it does."""

    def __init__(self, wire: socket.socket, *, ends_at: float) -> None:
        self._wire, self._ends_at = wire, ends_at

    def sendall(self, sent: bytes) -> None:
        self._wire.settimeout(_left(self._ends_at))
        self._wire.sendall(sent)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._wire, self._ends_at))

    def close(self) -> None:
        """Whoever opened the socket closes it."""


class _TimedReader(io.RawIOBase):
    def __init__(self, wire: socket.socket, ends_at: float) -> None:
        self._wire, self._ends_at = wire, ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        self._wire.settimeout(_left(self._ends_at))
        return self._wire.recv_into(into)


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
