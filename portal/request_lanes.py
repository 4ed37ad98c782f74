"""Threads of their own for DingTalk's callbacks, so that they and people's pages never wait for each other.

waitress serves first come, first served with one set of threads: in a flood of callbacks a page would wait behind
dozens of them, and while people wait for a DingTalk that does not answer, its callbacks would wait behind people.
"""

from __future__ import annotations

from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher


class LaneDispatcher:
    """Stands in for waitress' dispatcher: ``threads`` threads for the callbacks' path, and as many for the rest."""

    def __init__(self, *, callback_address: str, threads: int) -> None:
        self._callback_address = callback_address
        self._callbacks, self._others = _dispatcher(threads), _dispatcher(threads)

    def add_task(self, channel: HTTPChannel) -> None:
        """Let a connection wait for a thread of its lane; its oldest request says which that is."""
        is_callback = channel.requests[0].path == self._callback_address
        (self._callbacks if is_callback else self._others).add_task(channel)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads, waiting up to ``timeout`` seconds a lane; waitress' own signature."""
        had_callbacks = self._callbacks.shutdown(cancel_pending, timeout)
        return self._others.shutdown(cancel_pending, timeout) or had_callbacks


def _dispatcher(threads: int) -> Any:
    made = ThreadedTaskDispatcher()
    made.set_thread_count(threads)
    return made
