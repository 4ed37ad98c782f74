"""The demo's processes: started, watched, started again when they end, and ended together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portal.demo.log_tail import LogTail
from portal.demo.problems import DemoProblemError, StopRequestedError

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 30.0
GRACE_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.1
PR_SET_PDEATHSIG = 1


@dataclass
class _Child:
    name: str
    command: Sequence[str]
    log: LogTail
    is_kept: bool
    process: subprocess.Popen[bytes]
    started_at: float
    deaths_in_a_row: int = 0
    start_again_at: float | None = None


class Processes:
    """Children of this process; none outlives it, even when it is killed.

    `environment` is what they see, `log_folder` holds one log for each, and `say` tells the console. SIGINT,
    SIGTERM and SIGHUP make the next wait raise StopRequestedError.
    """

    def __init__(
        self, *, environment: Mapping[str, str], log_folder: Path, say: Callable[[str], None]
    ) -> None:
        self._environment = dict(environment)
        self._log_folder = log_folder
        self._say = say
        self._children: dict[str, _Child] = {}
        self._requests_to_stop = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
            signal.signal(signal.SIGHUP, self._on_signal)

    def run_to_end(self, name: str, *command: str) -> None:
        """Run `command` and wait for it, watching the others. Raises DemoProblemError when it fails."""
        child = self._add(name, command, is_kept=False)
        while (code := child.process.poll()) is None:
            self.wait(LOOK_EVERY_SECONDS)
        del self._children[name]
        if code:
            raise DemoProblemError(
                f"The {name} failed ({_in_words(code)}): {child.log.last_line()}\nMore: {child.log.path}"
            )

    def keep_running(self, name: str, *command: str) -> None:
        """Start `command`; from now on every wait starts it again when it has ended."""
        self._add(name, command, is_kept=True)

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass while looking after the children. Raises StopRequestedError."""
        until = time.monotonic() + seconds
        while True:
            if self._requests_to_stop:
                raise StopRequestedError
            self._tend()
            remaining = until - time.monotonic()
            if remaining <= 0:
                return
            time.sleep(min(remaining, LOOK_EVERY_SECONDS))

    def deaths_in_a_row(self, name: str) -> int:
        return self._children[name].deaths_in_a_row

    def last_line(self, name: str) -> str:
        return self._children[name].log.last_line()

    def stop(self) -> None:
        """Ask all to end, and kill those that have not after ten seconds or when asked a second time."""
        asked = self._requests_to_stop
        running = [child.process for child in self._children.values() if child.process.poll() is None]
        for process in running:
            process.terminate()
        until = time.monotonic() + GRACE_SECONDS
        while any(process.poll() is None for process in running):
            if time.monotonic() > until or self._requests_to_stop > max(asked, 1):
                break
            time.sleep(0.02)
        for process in running:
            if process.poll() is None:
                process.kill()
            process.wait()
        for child in self._children.values():
            child.log.close()

    def _add(self, name: str, command: Sequence[str], *, is_kept: bool) -> _Child:
        log = LogTail(self._log_folder / f"{name}.log")
        child = _Child(name, command, log, is_kept, self._start(command, log), time.monotonic())
        self._children[name] = child
        return child

    def _tend(self) -> None:
        for child in self._children.values():
            for warning in child.log.new_warnings():
                self._say(f"[{child.name}] {warning}")
            if not child.is_kept:
                continue
            if child.start_again_at is None:
                if (code := child.process.poll()) is not None:
                    self._plan_to_start_again(child, code)
            elif time.monotonic() >= child.start_again_at:
                child.start_again_at = None
                child.started_at = time.monotonic()
                child.process = self._start(child.command, child.log)

    def _plan_to_start_again(self, child: _Child, code: int) -> None:
        was_healthy = time.monotonic() - child.started_at > HEALTHY_AFTER_SECONDS
        child.deaths_in_a_row = 1 if was_healthy else child.deaths_in_a_row + 1
        seconds = min(FIRST_WAIT_SECONDS * 2 ** (child.deaths_in_a_row - 1), LONGEST_WAIT_SECONDS)
        child.start_again_at = time.monotonic() + seconds
        self._say(
            f"The {child.name} ended ({_in_words(code)}); starting it again in {seconds:g} s. "
            f"Its log: {child.log.path}"
        )

    def _start(self, command: Sequence[str], log: LogTail) -> subprocess.Popen[bytes]:
        # A process group of its own: Ctrl-C reaches this process alone, which then ends the others in order.
        return subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log.descriptor(),
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=_end_with_this_process(),  # safe: this process has one thread
        )

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._requests_to_stop += 1


def _end_with_this_process() -> Callable[[], None] | None:
    """For the child to run first: Linux kills it when this process ends, however that happens."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _in_words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
