"""Work notices: what a requester is told in DingTalk about their request, each once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class WorkNotice(Base):
    """``subject`` and ``kind`` are unique together, so that nothing is told twice; ``due_at`` is the promise.

    ``task_id`` is DingTalk's, by which it says whether the notice arrived.
    """

    __tablename__ = "portal_work_notice"
    __table_args__ = (
        Index("ix_portal_work_notice_once", "subject", "kind", unique=True),
        Index(
            "ix_portal_work_notice_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("portal_access_request.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    state: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    task_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    failure: Mapped[dict[str, Any] | None]
