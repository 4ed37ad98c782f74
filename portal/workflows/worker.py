"""The worker process: one a node, on SQLite one in all."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog
from dbos import DBOS
from flask import Flask

from portal.extensions import db
from portal.migrating import one_at_a_time
from portal.services.registry import Services
from portal.settings import Settings
from portal.workflows.queues import configure, enqueuer, register_queues, register_work

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.25
BATCH = 100
# Sorting holds SQLite's only write lock, about a millisecond an event: callbacks wait behind it.
EVENTS_TOGETHER = 8
BREATH_SECONDS = 0.01
HEARTBEAT_SECONDS = 5.0
CLEANING_SECONDS = 3600.0
FINISHED_WORK_KEPT = timedelta(days=3)


class WorkerAlreadyRunning(Exception):
    """Another worker holds this SQLite database; its limits count for one worker only."""


def run_worker(app: Flask, settings: Settings, portal: Services) -> None:
    """Work until SIGTERM or SIGINT; raises ``WorkerAlreadyRunning``."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker_id = f"{socket.gethostname()}-{settings.instance_path.name}"[:64]
    with _only_worker(settings), app.app_context():
        configure(settings, worker_id=worker_id)
        register_work(app, portal)
        with one_at_a_time(settings):
            DBOS.launch()
            portal.chores.plan()
        register_queues()
        log.info("worker.started", worker=worker_id)
        try:
            _work(portal, worker_id, stop)
        finally:
            DBOS.destroy(workflow_completion_timeout_sec=10)
            portal.health.leave(worker_id)
            log.info("worker.stopped", worker=worker_id)


def _work(portal: Services, worker_id: str, stop: threading.Event) -> None:
    enqueue = enqueuer()
    next_beat = next_cleaning = 0.0
    while not stop.is_set():
        try:
            if time.monotonic() >= next_beat:
                portal.health.beat(worker_id)
                next_beat = time.monotonic() + HEARTBEAT_SECONDS
            is_more_waiting = portal.event_inbox.sort_due(limit=EVENTS_TOGETHER) == EVENTS_TOGETHER
            is_more_waiting |= portal.due_work.take(limit=BATCH, hand_over=enqueue) >= BATCH
            if time.monotonic() >= next_cleaning:
                _forget_finished_work()
                next_cleaning = time.monotonic() + CLEANING_SECONDS
        except Exception:
            # Neither a database that is away for a while nor one bad row may stop the work of all others.
            log.exception("worker.round_failed")
            is_more_waiting = False
        finally:
            db.session.remove()
        stop.wait(BREATH_SECONDS if is_more_waiting else TICK_SECONDS)


def _forget_finished_work() -> None:
    old = DBOS.list_workflows(
        status="SUCCESS",
        completed_before=(datetime.now(UTC) - FINISHED_WORK_KEPT).isoformat(),
        limit=1000,
        load_input=False,
        load_output=False,
    )
    if old:
        DBOS.delete_workflows([each.workflow_id for each in old])


@contextmanager
def _only_worker(settings: Settings) -> Iterator[None]:
    if not settings.is_sqlite:
        yield
        return
    with (settings.instance_path / "worker.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WorkerAlreadyRunning from error
        lock.write(str(os.getpid()))
        lock.flush()
        yield
