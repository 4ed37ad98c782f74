"""Instances of our templates that no approval owns: strangers, and twins of an approval that were given up."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base

if TYPE_CHECKING:
    from portal.models.approval import Approval


class StrayState(StrEnum):
    """What is known: not looked at yet, nobody's, adopted after all, or a twin and how it ended."""

    FOUND = "found"
    FOREIGN = "foreign"
    ADOPTED = "adopted"
    TWIN = "twin"
    TWIN_WITHDRAWN = "twin_withdrawn"
    TWIN_ENDED = "twin_ended"
    TWIN_STAYS = "twin_stays"


class StrayInstance(Base):
    """One instance. A twin's outcome is never applied; it is withdrawn in DingTalk and shown as an incident."""

    __tablename__ = "portal_stray_instance"
    __table_args__ = (
        Index(
            "ix_portal_stray_instance_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[str] = mapped_column(String(128), unique=True)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("portal_approval.id"), index=True)
    state: Mapped[str] = mapped_column(String(24))
    found_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    failure: Mapped[dict[str, Any] | None]

    approval: Mapped[Approval | None] = relationship()
