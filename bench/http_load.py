"""A load generator: one thread, many keep-alive connections, requests made beforehand."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

LONGEST_SILENCE_SECONDS = 10.0


class LoadFailed(Exception):
    """The server did not answer, or with anything but 200."""


@dataclass(slots=True)
class _Connection:
    wire: socket.socket
    since: float = 0.0
    received: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, kw_only=True)
class Load:
    """Latencies in seconds, and how long it took to get all of them."""

    latencies: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def saturate(port: int, requests: list[bytes], *, connections: int) -> Load:
    """Send ``requests`` one after the other on each of ``connections``; latency is from sending to answer."""
    waiting = deque(requests)
    latencies: list[float] = []
    with _connected(port, connections=connections) as (chooser, free):
        began = time.perf_counter()
        while len(latencies) < len(requests):
            while free and waiting:
                _send(free.pop(), waiting.popleft(), since=time.perf_counter())
            _receive(chooser, free, latencies, timeout_seconds=LONGEST_SILENCE_SECONDS)
        return Load(latencies=latencies, seconds=time.perf_counter() - began)


def arrive(port: int, requests: list[bytes], *, per_second: float, connections: int) -> Load:
    """Send at a fixed rate whatever the server does; latency is from the moment a request was scheduled for."""
    latencies: list[float] = []
    scheduled = 0
    with _connected(port, connections=connections) as (chooser, free):
        began = time.perf_counter()
        while len(latencies) < len(requests):
            now = time.perf_counter()
            while free and scheduled < len(requests) and (at := began + scheduled / per_second) <= now:
                _send(free.pop(), requests[scheduled], since=at)
                scheduled += 1
            if free and scheduled < len(requests):
                timeout = max(0.0, began + scheduled / per_second - time.perf_counter())
                _receive(chooser, free, latencies, timeout_seconds=timeout, may_be_silent=True)
            else:
                _receive(chooser, free, latencies, timeout_seconds=LONGEST_SILENCE_SECONDS)
        return Load(latencies=latencies, seconds=time.perf_counter() - began)


@contextmanager
def _connected(port: int, *, connections: int) -> Iterator[tuple[selectors.BaseSelector, list[_Connection]]]:
    chooser = selectors.DefaultSelector()
    opened: list[_Connection] = []
    with closing(chooser):
        try:
            for _ in range(connections):
                wire = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_SILENCE_SECONDS)
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = _Connection(wire)
                opened.append(connection)
                chooser.register(wire, selectors.EVENT_READ, connection)
            yield chooser, list(opened)
        finally:
            for connection in opened:
                connection.wire.close()


def _send(connection: _Connection, request: bytes, *, since: float) -> None:
    connection.since = since
    connection.wire.sendall(request)


def _receive(
    chooser: selectors.BaseSelector,
    free: list[_Connection],
    latencies: list[float],
    *,
    timeout_seconds: float,
    may_be_silent: bool = False,
) -> None:
    ready = chooser.select(timeout_seconds)
    if not ready and not may_be_silent:
        raise LoadFailed(f"no answer within {timeout_seconds:g} s")
    for key, _ in ready:
        connection: _Connection = key.data
        piece = connection.wire.recv(65536)
        if not piece:
            raise LoadFailed("the server closed a connection")
        connection.received += piece
        if _is_whole(connection.received):
            latencies.append(time.perf_counter() - connection.since)
            connection.received.clear()
            free.append(connection)


def _is_whole(received: bytearray) -> bool:
    """Whether a whole answer is there; raises ``LoadFailed`` when it is not a 200."""
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise LoadFailed(bytes(received[:400]).decode(errors="replace"))
    _, _, length = head.lower().partition(b"content-length:")
    return len(body) >= int(length.split(b"\r\n", 1)[0])
