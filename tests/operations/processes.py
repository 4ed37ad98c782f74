"""Commands of the portal as processes, with their logs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.portal_world import World, free_port

PATIENCE_SECONDS = 60.0
_STARTED = {"serve": "web.started", "worker": "worker.started"}


class Running:
    """One process; ``url`` is where it answers if it serves."""

    def __init__(self, world: World, command: str, **environ: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = world.folder / f"{command}-{self.port}.log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal", command],
                env={**os.environ, **world.environment, "PORTAL_PORT": str(self.port), **environ},
                stdout=log,
                stderr=log,
            )

    def said(self) -> list[dict[str, Any]]:
        """Return what it logged; every line must be JSON."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def has_said(self, event: str) -> bool:
        return f'"event": "{event}"' in self.log_file.read_text()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def running(world: World, command: str, **environ: str) -> Iterator[Running]:
    """Run `portal serve` or `portal worker` beside ``world``, on its database."""
    made = Running(world, command, **environ)
    try:
        wait(lambda: made.process.poll() is not None or made.has_said(_STARTED[command]))
        assert made.process.poll() is None, made.log_file.read_text()
        yield made
    finally:
        made.process.kill()
        made.process.wait()


def wait(is_true: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition; the limit only keeps a failing test from hanging."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_refused(port: int) -> bool:
    """Whether nobody listens there; asks nothing, which would be a request to answer."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
