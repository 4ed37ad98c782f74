"""Filters of a list that somebody keeps under a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class SavedView(Base):
    """``page`` names the list (requests, grants), ``filters`` are its query parameters."""

    __tablename__ = "portal_saved_view"
    __table_args__ = (UniqueConstraint("person_id", "page", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    page: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(64))
    filters: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
