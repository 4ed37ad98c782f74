"""What DingTalk told the portal: the event inbox, and a tally of what was refused."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class EventState(StrEnum):
    """What became of an event: waiting to be matched, waiting for a read, or done with for a reason."""

    RECEIVED = "received"
    MATCHED = "matched"
    APPLIED = "applied"
    IGNORED = "ignored"
    PARKED = "parked"


class EventRoad(StrEnum):
    """How an event came to us."""

    CALLBACK = "callback"
    FAILED_PUSH_LIST = "failed_push_list"
    STREAM = "stream"


class CallbackEvent(Base):
    """A decrypted event, kept raw. ``due_at`` is empty once it is applied, ignored or parked.

    ``road`` is how it came, ``settled_at`` when it was done with. Its payload may be pruned (empty) after that.
    """

    __tablename__ = "portal_callback_event"
    __table_args__ = (
        Index(
            "ix_portal_callback_event_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_portal_callback_event_instance_id", "instance_id"),
        # Both stay empty for an event that has only just arrived: intake pays for neither.
        Index(
            "ix_portal_callback_event_parked",
            "id",
            sqlite_where=text("state = 'parked'"),
            postgresql_where=text("state = 'parked'"),
        ),
        Index(
            "ix_portal_callback_event_prunable",
            "settled_at",
            sqlite_where=text("settled_at IS NOT NULL AND payload <> ''"),
            postgresql_where=text("settled_at IS NOT NULL AND payload <> ''"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_key: Mapped[str] = mapped_column(String(200), unique=True)
    event_type: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str | None] = mapped_column(String(32))
    instance_id: Mapped[str | None] = mapped_column(String(128))
    process_code: Mapped[str | None] = mapped_column(String(128))
    owner_key_kind: Mapped[str] = mapped_column(String(16))
    payload: Mapped[str] = mapped_column(Text)
    road: Mapped[str] = mapped_column(String(24), server_default="callback")
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("portal_approval.id"), index=True)


class CallbackTally(Base):
    """How often a callback was refused for one reason within one hour, with the last few samples."""

    __tablename__ = "portal_callback_tally"

    reason: Mapped[str] = mapped_column(String(32), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    samples: Mapped[list[Any]]
