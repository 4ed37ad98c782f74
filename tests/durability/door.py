"""A door between two processes: what passes through it can be stopped on its way, there or back.

The portal calls the sandbox through one door; browsers and the sandbox come to the portal through another. A test
that holds an exchange knows exactly how far each side has come, and may kill one of them there.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

PATIENCE_SECONDS = 120.0
HOP_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


class Step(StrEnum):
    """Exchanges of a story, by method and path."""

    SUBMIT = "POST /requests"
    ASK_TO_WITHDRAW = "POST /requests/<number>/withdrawal"
    TRY_AGAIN = "POST /requests/<number>/start"
    ACCEPT = "POST /requests/<number>/acceptance"
    FORECAST = "POST /v1.0/workflow/processes/forecast"
    START = "POST /v1.0/workflow/processInstances"
    SEARCH = "POST /v1.0/workflow/processes/instanceIds/query"
    READ = "GET /v1.0/workflow/processInstances"
    WITHDRAW = "POST /v1.0/workflow/processInstances/terminate"
    CALLBACK = "POST /callbacks/dingtalk"


class Moment(StrEnum):
    """``ASKED``: the other side knows nothing yet. ``ANSWERED``: it has done its part, the asker does not know."""

    ASKED = "asked"
    ANSWERED = "answered"


@dataclass
class Exchange:
    """One question and its answer, passing through; ``plan`` is for whoever watches the door."""

    step: Step
    text: str
    plan: str = ""


class Hold:
    """One exchange that is to be stopped; ``release`` lets it go on, ``cut`` ends its connection."""

    def __init__(self, step: Step, moment: Moment, containing: str) -> None:
        self.step = step
        self.moment = moment
        self.containing = containing
        self.is_cut = False
        self._reached = threading.Event()
        self._go_on = threading.Event()

    def wait(self) -> None:
        """Return once the exchange is held; fails when it does not come."""
        assert self._reached.wait(PATIENCE_SECONDS), f"{self.step} was not {self.moment}"

    def release(self) -> None:
        self._go_on.set()

    def cut(self) -> None:
        self.is_cut = True
        self._go_on.set()

    def stop_here(self) -> None:
        """Called by the door."""
        self._reached.set()
        self._go_on.wait()


class Door:
    """Passes HTTP on to ``target_url``.

    ``watcher`` sees each exchange at both moments, and returns True to have it cut there.
    """

    def __init__(self, target_url: str) -> None:
        self.target_url = target_url
        self.watcher: Callable[[Exchange, Moment], bool] | None = None
        self._lock = threading.Lock()
        self._waiting: list[Hold] = []
        self._holds: list[Hold] = []
        self._pool = urllib3.PoolManager(num_pools=4, maxsize=32, timeout=urllib3.Timeout(30), retries=False)
        self._server = _Server(("127.0.0.1", 0), self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def hold(self, step: Step, moment: Moment, *, containing: str = "") -> Hold:
        """Stop the next such exchange whose address or body holds the text ``containing``."""
        hold = Hold(step, moment, containing)
        with self._lock:
            self._waiting.append(hold)
            self._holds.append(hold)
        return hold

    def cut_all(self) -> None:
        """End every held exchange and hold none that comes."""
        with self._lock:
            self._waiting.clear()
            holds, self._holds = self._holds, []
        for hold in holds:
            hold.cut()

    def close(self) -> None:
        self.cut_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        self._pool.clear()

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        """Return the other side's answer, or None when the connection is to be cut."""
        named = f"{method} {re.sub('/AR-[^/]+', '/<number>', path.split('?')[0])}"
        exchange = None
        if named in set(Step):
            exchange = Exchange(Step(named), f"{path} {body.decode(errors='replace')}")
        if exchange and self._is_cut(exchange, Moment.ASKED):
            return None
        answer = self._pool.request(
            method, self.target_url + path, headers=headers, body=body, redirect=False
        )
        if exchange and self._is_cut(exchange, Moment.ANSWERED):
            return None
        return answer

    def _is_cut(self, exchange: Exchange, moment: Moment) -> bool:
        if self.watcher is not None and self.watcher(exchange, moment):
            return True
        with self._lock:
            wanted = (each for each in self._waiting if (each.step, each.moment) == (exchange.step, moment))
            hold = next((each for each in wanted if each.containing in exchange.text), None)
            if hold is not None:
                self._waiting.remove(hold)
        if hold is None:
            return False
        hold.stop_here()
        return hold.is_cut


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], door: Door) -> None:
        self.door = door
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone: killed, or out of patience."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_HEADERS}
        try:
            answer = self.server.door.pass_on(self.command, self.path, headers, body)
        except urllib3.exceptions.HTTPError:  # the other side is dead, or cut the connection itself
            answer = None
        if answer is None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.data)))
        self.end_headers()
        self.wfile.write(answer.data)

    do_GET = do_POST  # noqa: N815  the server's own naming

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the server's own naming
        """The exchanges are no news."""
