"""The worker process: sorts the inbox, takes what is due, and looks after the work of workers that are gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime

import structlog
from dbos import DBOS
from flask import Flask

from portal.extensions import db
from portal.migrating import one_at_a_time
from portal.services.registry import Services
from portal.settings import Settings
from portal.workflows.queues import GRANTS, configure, register_queues, register_work
from portal.workflows.work_queue import WorkQueue
from portal.workflows.worker_place import WorkerAlreadyRunning, worker_place

__all__ = ["WorkerAlreadyRunning", "run_worker"]

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.25
# Sorting holds SQLite's only write lock, about a millisecond an event: callbacks wait behind it.
EVENTS_TOGETHER = 4
BREATH_SECONDS = 0.01
HEARTBEAT_SECONDS = 5.0
CLEANING_SECONDS = 3600.0
# Longer than most calls to DingTalk; together with the rest of the end it stays below ten seconds.
LAST_WORK_SECONDS = 8


def run_worker(app: Flask, settings: Settings, portal: Services) -> None:
    """Work until SIGTERM or SIGINT; raises ``WorkerAlreadyRunning``."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with worker_place(settings) as worker_id, app.app_context():
        with one_at_a_time(settings):
            # Seen to be alive before it takes anything, or the others would take it over.
            portal.health.leave(worker_id)
            portal.health.beat(worker_id)
            configure(settings, worker_id=worker_id)
            register_work(app, portal)
            DBOS.launch()
            portal.chores.plan()
        register_queues(settings)
        log.info("worker.started", worker=worker_id)
        worker = Worker(portal, worker_id)
        try:
            worker.work(stop)
        finally:
            worker.end()


class Worker:
    """One round after the other, until told to stop."""

    def __init__(self, portal: Services, worker_id: str) -> None:
        self._portal = portal
        self._worker_id = worker_id
        self._queue = WorkQueue()
        self._next_beat = self._next_cleaning = 0.0

    def work(self, stop: threading.Event) -> None:
        """Do rounds; neither a database that is away for a while nor one bad row stops the work of all others."""
        while not stop.is_set():
            is_more_waiting = False
            try:
                self._tend()
                is_more_waiting = self._take()
            except Exception:
                log.exception("worker.round_failed")
            finally:
                db.session.remove()
            stop.wait(BREATH_SECONDS if is_more_waiting else TICK_SECONDS)

    def end(self) -> None:
        """Finish what is under way, or hand it back: the queue then gives it to any other worker at once."""
        DBOS.destroy(workflow_completion_timeout_sec=LAST_WORK_SECONDS)
        db.session.remove()
        living = set(self._portal.health.living_workers()) - {self._worker_id}
        unfinished = self._queue.take_over(living=living)
        self._portal.health.leave(self._worker_id)
        log.info("worker.stopped", worker=self._worker_id, handed_back=unfinished)
        if unfinished:
            # Python would wait for threads that wait for DingTalk.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)

    def _take(self) -> bool:
        is_more_waiting = self._portal.event_inbox.sort_due(limit=EVENTS_TOGETHER) == EVENTS_TOGETHER
        room, lots_room = self._queue.room(), self._queue.room(GRANTS)
        if room or lots_room:
            self._portal.due_work.take(limit=room, lots_limit=lots_room, hand_over=self._queue.put)
        return is_more_waiting

    def _tend(self) -> None:
        if time.monotonic() >= self._next_beat:
            self._portal.health.beat(self._worker_id)
            self._next_beat = time.monotonic() + HEARTBEAT_SECONDS
            living = self._portal.health.living_workers()
            if living[:1] == [self._worker_id]:
                self._lead(living)

    def _lead(self, living: list[str]) -> None:
        """Do what one is enough for. The longest at work leads; when it falls silent, the next one does."""
        self._queue.take_over(living=living)
        self._queue.drop_outdated(now=datetime.now(UTC))
        if time.monotonic() >= self._next_cleaning:
            is_more_left = self._queue.forget_finished(now=datetime.now(UTC))
            self._next_cleaning = 0.0 if is_more_left else time.monotonic() + CLEANING_SECONDS
