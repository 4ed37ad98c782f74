"""waitress' loop with an end: what people have asked is answered, what they ask from now on is refused.

waitress itself leaves its loop at once: requests that wait for a thread are dropped, an answer that did not fit into
the socket is cut off, and new connections are taken in to be reset.
"""

from __future__ import annotations

import time
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

# Longer than any page takes that waits for DingTalk; shorter than what supervisors grant (Kubernetes: 30 s).
LONGEST_STOP_SECONDS = 20.0
LOOK_EVERY_SECONDS = 1.0
# A connection this young that has said nothing yet belongs to somebody whose request is on its way.
NEW_SECONDS = 1.0
LOOK_WHILE_STOPPING_SECONDS = 0.05


class StoppableLoop:
    """Serves the sockets of one waitress server until told to stop."""

    def __init__(self, sockets: dict[int, Any], dispatcher: Any) -> None:
        self._sockets = sockets
        self._dispatcher = dispatcher
        self._is_stopping = False

    def stop(self) -> None:
        """End soon; safe to be called by a signal handler."""
        self._is_stopping = True
        for each in self._listening():
            each.pull_trigger()

    def run(self) -> int:
        """Serve, then stop; returns how many requests were still unanswered when the time was over."""
        while not self._is_stopping:
            self._serve(LOOK_EVERY_SECONDS)
        began_at = time.time()
        self._refuse_new_connections()
        while self._busy() and time.time() < began_at + LONGEST_STOP_SECONDS:
            self._say_goodbye()
            self._serve(LOOK_WHILE_STOPPING_SECONDS)
        unanswered = len(self._busy())
        # Nothing is left to do for its threads, or nothing more that can be waited for.
        self._dispatcher.shutdown(timeout=0.1 if unanswered else 5)
        return unanswered

    def _serve(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, map=self._sockets, count=1)

    def _refuse_new_connections(self) -> None:
        for server in self._listening():
            # Those whom the kernel has let in already are answered too.
            known = 0
            while known < len(self._sockets):
                known = len(self._sockets)
                server.handle_accept()
            # Its trigger stays: it wakes this loop when a thread has an answer.
            wasyncore.dispatcher.close(server)

    def _say_goodbye(self) -> None:
        for channel in self._channels():
            # Read when the answer's head is written, so whoever asked learns that this connection ends.
            for request in list(channel.requests):
                request.headers["CONNECTION"] = "close"
            if not _is_busy(channel):
                channel.will_close = True

    def _busy(self) -> list[HTTPChannel]:
        return [channel for channel in self._channels() if _is_busy(channel)]

    def _channels(self) -> list[HTTPChannel]:
        return [each for each in list(self._sockets.values()) if isinstance(each, HTTPChannel)]

    def _listening(self) -> list[BaseWSGIServer]:
        return [each for each in list(self._sockets.values()) if isinstance(each, BaseWSGIServer)]


def _is_busy(channel: HTTPChannel) -> bool:
    """Whether something was begun on this connection and is not over; one just made is about to ask."""
    is_half_asked = channel.request is not None
    is_silent = channel.last_activity == channel.creation_time
    is_new = is_silent and time.time() < channel.creation_time + NEW_SECONDS
    return bool(channel.requests or channel.total_outbufs_len or is_half_asked or is_new)
