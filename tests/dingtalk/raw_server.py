"""Servers that misbehave below HTTP: they hang up, stay silent, stop in the middle or do not even accept."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class RawServer:
    """Hands every connection, its request read, to a behaviour; keeps the requests."""

    def __init__(self, behaviour: Callable[[socket.socket], None]) -> None:
        self.requests: list[bytes] = []
        self._behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        # A blocked accept() does not notice a close, so wake it up.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(_read_request(connection))
                self._behaviour(connection)


@contextmanager
def raw_server(behaviour: Callable[[socket.socket], None]) -> Iterator[RawServer]:
    server = RawServer(behaviour)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def reset(connection: socket.socket) -> None:
    """Close so that the other side sees a connection reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket) -> None:
    """Close without a word."""


def stay_silent(connection: socket.socket) -> None:
    """Answer nothing until the other side gives up."""
    connection.settimeout(5)
    connection.recv(1)


def answer_and_close(connection: socket.socket) -> None:
    """Promise to keep the connection and close it after the answer."""
    body = b'{"instanceId": "EC8G"}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n"
    connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def stop_in_the_middle(connection: socket.socket) -> None:
    """Promise more than is sent."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    connection.sendall(head + b'{"instanceId": "EC8G')


def _read_request(connection: socket.socket) -> bytes:
    """Read a whole request, its body by Content-Length; a reset of unread input would be another case."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return received
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def closed_port() -> Iterator[str]:
    """An address that nobody listens on."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


@contextmanager
def full_backlog() -> Iterator[str]:
    """An address that no longer accepts: connecting to it times out."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = []
        for _ in range(8):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
            waiting.append(caller)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for caller in waiting:
                caller.close()
