"""One command of the portal as a process that can be killed and started again."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from tests.durability.waiting import wait

ROOT = Path(__file__).parents[2]


class PortalProcess:
    """One command of the portal as a process; its log is kept for the failure's text."""

    def __init__(self, command: str, *, environment: dict[str, str], log: Path, started_word: str) -> None:
        self.command = command
        self.log = log
        self._environment = environment
        self._started_word = started_word.encode()
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._read_from = 0

    @property
    def is_running(self) -> bool:
        process = self._process
        return process is not None and process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it if it does not run, without waiting for it."""
        with self._turn, self.log.open("ab") as log:
            if self.is_running:
                return
            self._read_from = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "portal", self.command],
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def wait_until_started(self) -> None:
        wait(self._has_been_started, what=lambda: f"{self.command} to start; its log ends: {self.tail()}")

    def kill(self) -> None:
        """Kill it as a power cut would: no signal handler, no clean-up."""
        with self._turn:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                self._process = None

    def tail(self) -> str:
        return self.log.read_bytes()[-1500:].decode(errors="replace") if self.log.exists() else ""

    @property
    def has_started(self) -> bool:
        """Whether it runs, and says that it is ready."""
        if not self.is_running:
            return False
        with self.log.open("rb") as log:
            log.seek(self._read_from)
            return self._started_word in log.read()

    def _has_been_started(self) -> bool:
        self.start()
        return self.has_started
