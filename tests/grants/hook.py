"""A little program that somebody has behind their webhook: it answers as told and remembers what it heard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Call:
    """One call as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hook:
    """``answer`` writes the answer to a call by hand; else ``status``, ``headers`` and ``body`` are sent."""

    address: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None
    calls: list[Call] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Hook]:
    """Run a hook on a free port of this machine."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hook.calls.append(Call(self.path, dict(self.headers.items()), body))
            if hook.answer is not None:
                hook.answer(self)
                return
            self.send_response(hook.status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(hook.body)))
            self.end_headers()
            self.wfile.write(hook.body)

        do_GET = do_POST  # noqa: N815  the base class looks for this name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # callers hang up on what is too long
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    serving.start()
    hook.address = f"http://127.0.0.1:{server.server_port}/grants?key=k"
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        serving.join(5)
