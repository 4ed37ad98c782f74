"""Whether the portal can do its work: database, migrations and a living worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import WorkerHeartbeat
from portal.services.work.patience import NoAnswer, Patience, in_app_context

WORKER_SILENT_AFTER = timedelta(seconds=20)
HEARTBEATS_KEPT = timedelta(days=1)
# Load balancers give up after about five.
ANSWER_EXPECTED_WITHIN_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Health:
    """Checks and signs of life. ``migration_head`` is what the code needs."""

    clock: Clock
    migration_head: str
    patience: Patience[list[str]] = field(default_factory=Patience)

    def problems(self) -> list[str]:
        """Return what is missing, in words for an operator; empty when ready. Takes a few seconds at most."""
        try:
            return self.patience.ask(in_app_context(self._problems), seconds=ANSWER_EXPECTED_WITHIN_SECONDS)
        except NoAnswer:
            return ["The database neither answers nor refuses: look at its server and at the network."]

    def _problems(self) -> list[str]:
        try:
            current = db.session.scalar(text("SELECT version_num FROM alembic_version"))
            if current != self.migration_head:
                return ["The database is of another version: run `portal db upgrade`."]
            if not self.is_worker_alive():
                return ["No worker is running: start `portal worker`."]
        except SQLAlchemyError:
            return ["The database does not answer or was never set up: run `portal db upgrade`."]
        return []

    def is_worker_alive(self) -> bool:
        """Whether any worker was seen lately."""
        alive_since = self.clock.now() - WORKER_SILENT_AFTER
        seen = select(WorkerHeartbeat.worker_id).where(WorkerHeartbeat.seen_at >= alive_since).limit(1)
        return db.session.scalar(seen) is not None

    def living_workers(self) -> list[str]:
        """Return the ids of the workers seen lately, the longest at work first."""
        alive_since = self.clock.now() - WORKER_SILENT_AFTER
        seen = select(WorkerHeartbeat.worker_id).where(WorkerHeartbeat.seen_at >= alive_since)
        return list(db.session.scalars(seen.order_by(WorkerHeartbeat.started_at, WorkerHeartbeat.worker_id)))

    def beat(self, worker_id: str) -> datetime:
        """Leave a sign of life of one worker, and forget workers long gone; returns since when it is at work."""
        now = self.clock.now()
        with transaction() as session:
            row = session.get(WorkerHeartbeat, worker_id)
            if row is None:
                row = WorkerHeartbeat(worker_id=worker_id, started_at=now, seen_at=now)
                session.add(row)
            row.seen_at = now
            started_at = row.started_at
            for gone in session.scalars(
                select(WorkerHeartbeat).where(WorkerHeartbeat.seen_at < now - HEARTBEATS_KEPT)
            ):
                session.delete(gone)
        return started_at

    def leave(self, worker_id: str) -> None:
        """Take back the sign of life of a worker that ends."""
        with transaction() as session:
            row = session.get(WorkerHeartbeat, worker_id)
            if row is not None:
                session.delete(row)
