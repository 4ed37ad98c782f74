"""The portal's commands as processes of their own, which a test may stop, kill and look into."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from portal.extensions import db
from tests.portal_world import World

ROOT = Path(__file__).parents[2]
# A busy machine starts a process in many seconds.
PATIENCE_SECONDS = 120.0
ENDING_SECONDS = 60.0
IN_FLIGHT = text(
    "SELECT workflow_uuid, status, executor_id, application_version FROM dbos.workflow_status "
    "WHERE status IN ('ENQUEUED', 'PENDING')"
)


class PortalProcess:
    """One running command; ``root`` is the checkout whose code it runs."""

    def __init__(
        self, world: World, command: str, *, name: str, environment: Mapping[str, str], root: Path = ROOT
    ) -> None:
        self.log = world.folder / f"{name}.log"
        self._from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal", *command.split()],
                env={**os.environ, **world.environment, **environment},
                cwd=root,
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Ask it to end; it must do so without a fault."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
            assert self.process.wait(ENDING_SECONDS) == 0, self.said()[-2000:]


@contextmanager
def running(
    world: World, command: str, *, name: str = "", root: Path = ROOT, **environment: str
) -> Iterator[PortalProcess]:
    """Run one command; at the end it is asked to end, unless the test did that or worse."""
    started = PortalProcess(world, command, name=name or command, environment=environment, root=root)
    try:
        yield started
        started.end()
    finally:
        started.process.kill()
        started.process.wait()


def start_worker(world: World, number: int, *, root: Path = ROOT, **environment: str) -> PortalProcess:
    return PortalProcess(world, "worker", name=f"worker-{number}", environment=environment, root=root)


def worker_id(worker: PortalProcess) -> str:
    """Return the id under which it works; waits until it does."""
    wait(
        lambda: '"worker.started"' in worker.said(),
        what=lambda: f"the worker did not start: {worker.said()[-2000:]}",
    )
    return next(
        line.split('"worker": "')[1].split('"')[0]
        for line in worker.said().splitlines()
        if '"worker.started"' in line
    )


def wait(
    is_true: Callable[[], Any],
    *,
    seconds: float = PATIENCE_SECONDS,
    what: Callable[[], str] = lambda: "it did not happen in time",
) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def is_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).status_code == 200
    except requests.RequestException:
        return False


def in_flight(world: World) -> list[dict[str, Any]]:
    """Return the work that the queue holds or runs (PostgreSQL)."""

    def read() -> list[dict[str, Any]]:
        rows = [dict(row) for row in db.session.execute(IN_FLIGHT).mappings()]
        db.session.rollback()
        return rows

    return list(world.look(read))
