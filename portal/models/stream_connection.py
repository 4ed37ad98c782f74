"""Connections to DingTalk's Stream gateway: one row for each process that listens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class StreamConnection(Base):
    """``listener`` names the process; ``seen_at`` is its last sign of life, ``connected_at`` empty while it has no
    connection, ``failure`` why it has none."""

    __tablename__ = "portal_stream_connection"

    listener: Mapped[str] = mapped_column(String(128), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    connected_at: Mapped[datetime | None]
    last_event_at: Mapped[datetime | None]
    reconnects: Mapped[int] = mapped_column(default=0)
    failure: Mapped[dict[str, Any] | None]
