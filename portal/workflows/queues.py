"""The work queue: names, limits and how work is put into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, WorkflowSerializationFormat
from flask import Flask
from sqlalchemy.orm import Session

from portal.database import sqlite_driver
from portal.extensions import db
from portal.services.due_approvals import DueApproval
from portal.services.registry import Services
from portal.settings import Settings

APPLICATION = "approval-portal"
# Raised only together with a plan for work begun under the old version.
WORK_VERSION = "v1"
APPROVALS = "approvals"
ADVANCE_APPROVAL = "advance_approval"
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

    @DBOS.workflow(name=ADVANCE_APPROVAL)
    def advance_approval(approval_id: int) -> None:
        # One step: the approval's row is the guard, so running it again is safe.
        with app.app_context():
            portal.approval_work.advance(approval_id)


def register_queues() -> None:
    """Store the queues with their limits; after ``launch``."""
    DBOS.register_queue(
        APPROVALS,
        worker_concurrency=CONCURRENCY,
        limiter={"limit": STARTS_A_SECOND, "period": 1.0},
        polling_interval_sec=POLLING_SECONDS,
    )


def enqueuer() -> Callable[[Session, DueApproval], None]:
    """Return what puts a due approval into the queue inside the transaction that takes it."""
    client = DBOSClient(system_database_engine=db.engine, application_name=APPLICATION, lazy=True)
    options: dict[str, Any] = {
        "queue_name": APPROVALS,
        "workflow_name": ADVANCE_APPROVAL,
        "app_version": WORK_VERSION,
        "serialization_type": WorkflowSerializationFormat.PORTABLE,
    }

    def enqueue(session: Session, due: DueApproval) -> None:
        client.enqueue_in_transaction(
            session,
            {**options, "workflow_id": f"{ADVANCE_APPROVAL}-{due.ticket}"},  # type: ignore[typeddict-item]
            due.approval_id,
        )

    return enqueue
