"""Work that comes back: what is done every so often, whoever is there to do it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class Chore(Base):
    """One row a chore. ``due_at`` is the promise, as everywhere; ``failure`` is why it did not work last time."""

    __tablename__ = "portal_chore"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    failure: Mapped[dict[str, Any] | None]
