"""Signs of life of the worker processes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class WorkerHeartbeat(Base):
    """One row a worker."""

    __tablename__ = "portal_worker_heartbeat"

    worker_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
