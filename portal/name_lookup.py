"""A host's numbers, looked up within a time: the system's own lookup takes as long as its name servers let it."""

from __future__ import annotations

import queue
import socket
import threading
from ipaddress import IPv4Address, IPv6Address, ip_address

Number = IPv4Address | IPv6Address


class NameUnknown(Exception):
    """Nobody told the numbers of a host, or not in time."""


def numbers_of(host: str, port: int, *, seconds: float) -> list[Number]:
    """Return the numbers under which a host takes connections, each once, in the system's order.

    Raises ``NameUnknown``, after ``seconds`` at the latest. A lookup that is still under way then ends by itself,
    when the system gives up; nobody waits for it.
    """
    answers: queue.SimpleQueue[list[Number]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        answers.put([ip_address(str(each[4][0]).partition("%")[0]) for each in found])

    threading.Thread(target=ask, name="name-lookup", daemon=True).start()
    try:
        numbers = answers.get(timeout=max(0.0, seconds))
    except queue.Empty:
        numbers = []
    if not numbers:
        raise NameUnknown
    return list(dict.fromkeys(numbers))
