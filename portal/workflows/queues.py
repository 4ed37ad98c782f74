"""The work queues: their names and limits, and what runs the work in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dbos import DBOS, DBOSConfig
from flask import Flask

from portal.database import sqlite_driver
from portal.services.registry import Services
from portal.services.work.due_work import WorkKind
from portal.settings import Settings

APPLICATION = "approval-portal"
# Raised only together with a plan for work begun under the old version.
WORK_VERSION = "v1"
APPROVALS = "approvals"
# Of their own: a target that does not answer must not keep approvals waiting.
GRANTS = "grants"
POLLING_SECONDS = 0.25
# Each asks its target side by side as well.
LOTS_AT_ONCE = 3


def configure(settings: Settings, *, worker_id: str) -> None:
    """Create the DBOS instance of this worker process."""
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": settings.database_url,
        "executor_id": worker_id,
        "application_version": WORK_VERSION,
        "log_level": "WARNING",
        "scheduler_polling_interval_sec": 30.0,
    }
    if settings.is_sqlite:
        config["db_engine_kwargs"] = {"module": sqlite_driver()}
    DBOS(config=config)


def register_work(app: Flask, portal: Services) -> None:
    """Make the work known to DBOS; before ``launch``."""
    for kind, do in portal.doers.items():
        _register(app, kind, do)


def _register(app: Flask, kind: WorkKind, do: Callable[[Any], None]) -> None:
    @DBOS.workflow(name=kind.value)
    def work(key: int | str) -> None:
        # One step: the row is the guard, so running it again is safe.
        with app.app_context():
            do(key)


def register_queues(settings: Settings) -> None:
    """Store the queues with their limits, which are those of all workers; after ``launch``.

    They have no limit of starts a second: DingTalk counts calls, and a limit at the calls keeps theirs exactly.
    """
    pieces = settings.worker_concurrency
    for queue, at_once in ((APPROVALS, pieces), (GRANTS, min(pieces, LOTS_AT_ONCE))):
        DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=POLLING_SECONDS)


def queue_of(kind: str) -> str:
    """Return the queue that work of this kind waits in."""
    return GRANTS if kind == WorkKind.GRANTS else APPROVALS
