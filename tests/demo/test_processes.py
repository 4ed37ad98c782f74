"""Children are started again when they end, and none outlives the demo, however it ends.

Each test runs a small parent of its own, because signals belong to a whole process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PARENT = """
import sys
from pathlib import Path
from portal.demo.problems import DemoProblemError, StopRequestedError
from portal.demo.processes import Processes

def say(text):
    print(text, flush=True)

processes = Processes(environment={"PATH": "/usr/bin"}, log_folder=Path(sys.argv[1]), say=say)
try:
    %s
    say("all started")
    while True:
        processes.wait(60)
except StopRequestedError:
    say("asked to stop")
except DemoProblemError as problem:
    say(f"problem: {problem}")
finally:
    processes.stop()
    say("stopped")
"""
SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"


class Parent:
    """A running parent, what it says, and the pids that its children wrote into their logs."""

    def __init__(self, logs: Path, statements: str) -> None:
        self.logs = logs
        self.said = logs / "console"
        with self.said.open("wb") as console:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PARENT % statements, str(logs)], stdout=console, stderr=console
            )

    def child(self, name: str) -> int:
        _until(lambda: self._lines(name))
        return int(self._lines(name)[-1])

    def starts(self, name: str) -> int:
        return len(self._lines(name))

    def has_said(self, words: str) -> bool:
        return words in self.said.read_text()

    def _lines(self, name: str) -> list[str]:
        log = self.logs / f"{name}.log"
        return log.read_text().split() if log.exists() else []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Parent]]:
    parents: list[Parent] = []

    def start(*statements: str) -> Parent:
        parents.append(Parent(tmp_path, "\n    ".join(statements)))
        return parents[-1]

    yield start
    for parent in parents:
        parent.process.kill()
        parent.process.wait()


def keep(name: str, code: str = SLEEPER) -> str:
    return f"processes.keep_running({name!r}, {sys.executable!r}, '-c', {code!r})"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_parent_and_every_child(
    start: Callable[..., Parent], number: signal.Signals
) -> None:
    parent = start(keep("portal"), keep("worker"))
    pids = [parent.child("portal"), parent.child("worker")]
    _until(lambda: parent.has_said("all started"))
    parent.process.send_signal(number)
    assert parent.process.wait(30) == 0
    assert parent.has_said("asked to stop")
    assert not any(map(_is_alive, pids))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_no_child_outlives_a_killed_parent(start: Callable[..., Parent]) -> None:
    parent = start(keep("portal"), keep("stubborn", STUBBORN))
    pids = [parent.child("portal"), parent.child("stubborn")]
    parent.process.kill()
    parent.process.wait()
    _until(lambda: not any(map(_is_alive, pids)))


def test_a_killed_child_is_started_again_and_that_is_said(start: Callable[..., Parent]) -> None:
    parent = start(keep("worker"))
    first = parent.child("worker")
    os.kill(first, signal.SIGKILL)
    _until(lambda: parent.starts("worker") == 2)
    assert parent.child("worker") != first
    assert parent.has_said("The worker ended (signal 9); starting it again in 0.5 s")


def test_a_child_that_keeps_failing_is_given_longer_and_longer_rests(start: Callable[..., Parent]) -> None:
    parent = start(keep("worker", "import sys; print(1); sys.exit(3)"))
    _until(lambda: parent.has_said("starting it again in 2 s"))
    assert parent.has_said("(exit code 3); starting it again in 0.5 s")
    assert parent.has_said("starting it again in 1 s")
    assert parent.starts("worker") == 3


def test_a_child_that_will_not_end_is_killed_when_asked_twice(start: Callable[..., Parent]) -> None:
    parent = start(keep("stubborn", STUBBORN))
    pid = parent.child("stubborn")
    _until(lambda: parent.has_said("all started"))
    parent.process.send_signal(signal.SIGINT)
    _until(lambda: parent.has_said("asked to stop"))
    assert _is_alive(pid)
    parent.process.send_signal(signal.SIGINT)
    assert parent.process.wait(30) == 0
    assert not _is_alive(pid)


@pytest.mark.slow
def test_a_child_that_will_not_end_is_killed_after_ten_seconds(start: Callable[..., Parent]) -> None:
    parent = start(keep("stubborn", STUBBORN))
    pid = parent.child("stubborn")
    _until(lambda: parent.has_said("all started"))
    parent.process.send_signal(signal.SIGTERM)
    assert parent.process.wait(15) == 0
    assert not _is_alive(pid)


def test_a_first_step_that_fails_ends_the_others_and_says_its_last_words(
    start: Callable[..., Parent],
) -> None:
    failing = "import sys; sys.exit('the disk is full')"
    parent = start(
        keep("portal"), f"processes.run_to_end('migration', {sys.executable!r}, '-c', {failing!r})"
    )
    assert parent.process.wait(30) == 0
    assert parent.has_said("problem: The migration failed (exit code 1): the disk is full")
    assert not _is_alive(parent.child("portal"))


def test_asking_to_stop_during_a_first_step_ends_that_step_too(start: Callable[..., Parent]) -> None:
    parent = start(f"processes.run_to_end('migration', {sys.executable!r}, '-c', {SLEEPER!r})")
    pid = parent.child("migration")
    parent.process.terminate()
    assert parent.process.wait(30) == 0
    assert not _is_alive(pid)


def test_ctrl_c_in_the_terminal_reaches_the_parent_alone(start: Callable[..., Parent]) -> None:
    parent = start(keep("portal"))
    pid = parent.child("portal")
    assert os.getpgid(pid) == pid


def test_warnings_of_a_child_reach_the_console(start: Callable[..., Parent]) -> None:
    parent = start(keep("worker", "import time; print('ERROR: no token', flush=True); time.sleep(600)"))
    _until(lambda: parent.has_said("[worker] ERROR: no token"))


def _until(condition: Callable[[], object], *, within_seconds: float = 10) -> None:
    until = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < until, "It did not happen in time."
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
