"""A demo of its own for measuring: portal, worker and sandbox as the processes that people run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from portal.demo.keys import DemoKeys, read_or_make_keys
from portal.demo.place import DemoPlace, read_place
from portal.demo.story import demo_environment

READY_WITHIN_SECONDS = 60.0
PORTAL = str(Path(sys.executable).with_name("portal"))
# Straight to this machine: a proxy named in the environment has no business here.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Place:
    """One folder with its ports and keys, and the processes started in it; leaving ends them."""

    def __init__(self, folder: Path) -> None:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PORTAL_", "SANDBOX_", "DINGTALK_"))
        }
        inherited |= {
            "PORTAL_INSTANCE": str(folder / "instance"),
            "PORTAL_PORT": str(free_port()),
            "SANDBOX_PORT": str(free_port()),
        }
        self.given = inherited
        self.demo: DemoPlace = read_place(inherited)
        self.demo.instance.mkdir(parents=True, exist_ok=True)
        self.keys: DemoKeys = read_or_make_keys(self.demo.instance / "demo.json")
        self.environment = demo_environment(inherited, self.demo, self.keys)
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for process in reversed(self._running):
            self.end(process)

    def run(self, *command: str) -> None:
        """Run a command of the portal to its end."""
        subprocess.run((PORTAL, *command), env=self.environment, check=True, capture_output=True)

    def start(self, *command: str, name: str) -> subprocess.Popen[bytes]:
        """Start a process whose words go to a log in the folder."""
        with (self.demo.instance / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._running.append(process)
        return process

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Drive the sandbox through its control API."""
        request = urllib.request.Request(  # noqa: S310 - http on this machine
            f"{self.demo.sandbox_url}/control{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Sandbox-Control": "1", "Content-Type": "application/json"},
        )
        with DIRECT.open(request, timeout=10) as answer:
            return json.load(answer)

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask a process to end, and kill it when it does not."""
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_answering(url: str, *, pause_seconds: float = 0.02) -> float:
    """Return the moment (``time.perf_counter``) at which ``url`` answered 200 for the first time."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            with DIRECT.open(url, timeout=5) as answer:
                if answer.status == 200:
                    return time.perf_counter()
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(pause_seconds)


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
