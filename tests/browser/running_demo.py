"""``portal demo`` as a process, on free ports and in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import requests

from tests.portal_world import free_port

READY_WITHIN_SECONDS = 120


class RunningDemo:
    """Started on entering, ended on leaving; ``control`` drives the sandbox."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        ports = (free_port(), free_port())
        self.portal_url, self.sandbox_url = (f"http://127.0.0.1:{port}" for port in ports)
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("PORTAL_", "DINGTALK_"))
            },
            "PORTAL_INSTANCE": str(instance),
            "PORTAL_PORT": str(ports[0]),
            "SANDBOX_PORT": str(ports[1]),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.instance.mkdir(parents=True, exist_ok=True)
        with (self.instance / "console.log").open("wb") as console:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "portal", "demo"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self.console()
            assert time.monotonic() < deadline, self.console()
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(60) == 0, self.console()

    def console(self) -> str:
        return (self.instance / "console.log").read_text()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(
            method,
            f"{self.sandbox_url}/control{path}",
            json=body,
            headers={"X-Sandbox-Control": "1"},
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _is_ready(self) -> bool:
        try:
            is_up = requests.get(f"{self.portal_url}/health/ready", timeout=10).status_code == 200
        except requests.RequestException:  # busy is not ready, like not there yet
            return False
        # The console's welcome comes after the sandbox's handshake with the callback.
        return is_up and "Begin:" in self.console()
