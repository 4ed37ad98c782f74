"""The work queue: names, limits and how work is put into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, WorkflowSerializationFormat
from flask import Flask
from sqlalchemy.orm import Session

from portal.database import sqlite_driver
from portal.extensions import db
from portal.services.due_work import DueWork, WorkKind
from portal.services.registry import Services
from portal.settings import Settings

APPLICATION = "approval-portal"
# Raised only together with a plan for work begun under the old version.
WORK_VERSION = "v1"
APPROVALS = "approvals"
# DingTalk allows 20 calls a second for each API; one piece of work makes at most one call of each.
STARTS_A_SECOND = 18
CONCURRENCY = 6
POLLING_SECONDS = 0.25


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


def register_queues() -> None:
    """Store the queues with their limits; after ``launch``."""
    DBOS.register_queue(
        APPROVALS,
        worker_concurrency=CONCURRENCY,
        limiter={"limit": STARTS_A_SECOND, "period": 1.0},
        polling_interval_sec=POLLING_SECONDS,
    )


def enqueuer() -> Callable[[Session, DueWork], None]:
    """Return what puts due work into the queue inside the transaction that takes it."""
    client = DBOSClient(system_database_engine=db.engine, application_name=APPLICATION, lazy=True)
    options: dict[str, Any] = {
        "queue_name": APPROVALS,
        "app_version": WORK_VERSION,
        "serialization_type": WorkflowSerializationFormat.PORTABLE,
    }

    def enqueue(session: Session, due: DueWork) -> None:
        named = {"workflow_name": due.kind.value, "workflow_id": f"{due.kind.value}-{due.ticket}"}
        client.enqueue_in_transaction(session, {**options, **named}, due.key)  # type: ignore[typeddict-item]

    return enqueue
