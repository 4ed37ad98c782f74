"""A load generator: one thread, many keep-alive connections, requests made beforehand."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

LONGEST_SILENCE_SECONDS = 10.0


class LoadFailed(Exception):
    """The server did not answer, or with anything but what is expected."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, and how long it took."""

    latency_seconds: float
    status: int
    body: bytes


@dataclass(slots=True)
class _Connection:
    wire: socket.socket
    since: float = 0.0
    number: int = 0
    received: bytearray = field(default_factory=bytearray)


Answers = dict[int, Answer]


@dataclass(frozen=True, kw_only=True)
class Load:
    """The answers by the number of their request, and how many seconds it took to get all of them."""

    answers: Answers
    seconds: float

    @property
    def latencies(self) -> list[float]:
        return [each.latency_seconds for each in self.answers.values()]

    @property
    def per_second(self) -> float:
        return len(self.answers) / self.seconds


def saturate(port: int, requests: Sequence[bytes], *, connections: int) -> Load:
    """Send ``requests`` one after the other on each of ``connections``; all must be answered with 200."""
    load = send_all(port, requests, connections=connections)
    for answer in load.answers.values():
        _expect_200(answer)
    return load


def send_all(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    silence_seconds: float = LONGEST_SILENCE_SECONDS,
) -> Load:
    """Do as ``saturate`` does, whatever is answered; latency is from sending to answer."""
    waiting = deque(enumerate(requests))
    answers: Answers = {}
    with _connected(port, connections=connections) as (chooser, free):
        began = time.perf_counter()
        while len(answers) < len(requests):
            while free and waiting:
                number, request = waiting.popleft()
                _send(free.pop(), request, number=number, since=time.perf_counter())
            _receive(chooser, free, answers, timeout_seconds=silence_seconds)
        return Load(answers=answers, seconds=time.perf_counter() - began)


def arrive(port: int, requests: list[bytes], *, per_second: float, connections: int) -> Load:
    """Send at a fixed rate whatever the server does; latency is from the moment a request was scheduled for."""
    answers: Answers = {}
    scheduled = 0
    with _connected(port, connections=connections) as (chooser, free):
        began = time.perf_counter()
        while len(answers) < len(requests):
            now = time.perf_counter()
            while free and scheduled < len(requests) and (at := began + scheduled / per_second) <= now:
                _send(free.pop(), requests[scheduled], number=scheduled, since=at)
                scheduled += 1
            if free and scheduled < len(requests):
                timeout = max(0.0, began + scheduled / per_second - time.perf_counter())
                _receive(chooser, free, answers, timeout_seconds=timeout, may_be_silent=True)
            else:
                _receive(chooser, free, answers, timeout_seconds=LONGEST_SILENCE_SECONDS)
        for answer in answers.values():
            _expect_200(answer)
        return Load(answers=answers, seconds=time.perf_counter() - began)


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


def _send(connection: _Connection, request: bytes, *, number: int, since: float) -> None:
    connection.number, connection.since = number, since
    connection.wire.sendall(request)


def _receive(
    chooser: selectors.BaseSelector,
    free: list[_Connection],
    answers: Answers,
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
        answer = _whole(connection)
        if answer is not None:
            answers[connection.number] = answer
            connection.received.clear()
            free.append(connection)


def _whole(connection: _Connection) -> Answer | None:
    """Return the answer once all of it is there."""
    head, separator, body = connection.received.partition(b"\r\n\r\n")
    if not separator:
        return None
    _, _, length = head.lower().partition(b"content-length:")
    if len(body) < int(length.split(b"\r\n", 1)[0]):
        return None
    latency_seconds = time.perf_counter() - connection.since
    return Answer(latency_seconds=latency_seconds, status=int(head.split(b" ", 2)[1]), body=bytes(body))


def _expect_200(answer: Answer) -> None:
    if answer.status != 200:
        raise LoadFailed(f"{answer.status}: {answer.body[:400].decode(errors='replace')}")
