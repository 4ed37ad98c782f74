"""The queue seen from the process that fills and tends it; what runs the work stands in ``queues``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import structlog
from dbos import DBOSClient, WorkflowSerializationFormat
from sqlalchemy.orm import Session

from portal.database import writing
from portal.extensions import db
from portal.services.work.due_work import LEASE, DueWork
from portal.workflows.queues import APPLICATION, APPROVALS, GRANTS, WORK_VERSION, queue_of

log = structlog.get_logger(__name__)

# What waits here is leased already: it must be done long before its lease runs out, so little may wait.
MOST_WAITING = 60
# Of grants whole lots wait.
MOST_LOTS_WAITING = 6
# Work that is older than its lease is due again by itself; the second lease is for clocks that differ.
OUTDATED_AFTER = 2 * LEASE
FINISHED_KEPT = timedelta(days=3)
UNFINISHED = ["ENQUEUED", "PENDING"]
FINISHED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
MOST_AT_ONCE = 1000


class WorkQueue:
    """Needs the app's context; works before the queue runs in this process, and after."""

    def __init__(self) -> None:
        self._client = DBOSClient(system_database_engine=db.engine, application_name=APPLICATION, lazy=True)

    def room(self, queue: str = APPROVALS) -> int:
        """Return how many pieces of work may be added to a queue now."""
        most = MOST_LOTS_WAITING if queue == GRANTS else MOST_WAITING
        waiting = self._client.list_workflows(
            queue_name=queue,
            status="ENQUEUED",
            app_version=WORK_VERSION,
            limit=most,
            load_input=False,
            load_output=False,
        )
        return most - len(waiting)

    def put(self, session: Session, due: DueWork) -> None:
        """Add work inside the transaction that takes it."""
        options: dict[str, Any] = {
            "queue_name": queue_of(due.kind),
            "app_version": WORK_VERSION,
            "serialization_type": WorkflowSerializationFormat.PORTABLE,
            "workflow_name": due.kind.value,
            "workflow_id": f"{due.kind.value}-{due.ticket}",
        }
        self._client.enqueue_in_transaction(session, options, due.key)  # type: ignore[arg-type]

    def take_over(self, *, living: Collection[str]) -> int:
        """Put back what was under way on workers that are not among the ``living``; returns how much there was.

        The work may still run there, on a worker that only stood still: each row guards itself.
        """
        left_behind = [
            each
            for each in self._client.list_workflows(
                status="PENDING", app_version=WORK_VERSION, limit=MOST_AT_ONCE, load_input=False
            )
            if each.executor_id not in living
        ]
        if left_behind:
            with writing():
                for queue in (APPROVALS, GRANTS):
                    ids = [each.workflow_id for each in left_behind if queue_of(each.name) == queue]
                    if ids:
                        self._client.resume_workflows(ids, queue_name=queue)
            workers = sorted({each.executor_id or "" for each in left_behind})
            log.warning("work.taken_over", workers=workers, pieces=len(left_behind))
        return len(left_behind)

    def drop_outdated(self, *, now: datetime) -> int:
        """Cancel work of other versions whose lease is long over; returns how much there was.

        No worker of this version would ever take it, and its rows are due again by themselves.
        """
        outdated = [
            each.workflow_id
            for each in self._client.list_workflows(
                status=UNFINISHED,
                end_time=(now - OUTDATED_AFTER).isoformat(),
                limit=MOST_AT_ONCE,
                load_input=False,
            )
            if each.app_version != WORK_VERSION
        ]
        if outdated:
            with writing():
                self._client.cancel_workflows(outdated)
            log.warning("work.outdated", pieces=len(outdated))
        return len(outdated)

    def forget_finished(self, *, now: datetime) -> bool:
        """Delete what was finished days ago; returns whether there may be more of it."""
        old = self._client.list_workflows(
            status=FINISHED,
            completed_before=(now - FINISHED_KEPT).isoformat(),
            limit=MOST_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if old:
            with writing():
                self._client.delete_workflows([each.workflow_id for each in old])
        return len(old) == MOST_AT_ONCE
