"""Events on their way to the subscriber, each with the attempts made."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.sandbox.storage import Base


class DeliveryState(StrEnum):
    """``fetched``: read from the failed-push list, which empties it. ``lost``: swallowed by a fault."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    FETCHED = "fetched"
    LOST = "lost"


class Delivery(Base):
    """``due_at`` and ``failed_at`` in epoch milliseconds; ``envelope`` replaces the sealed body when given."""

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    event_type: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    envelope: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    seal_fault: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default=DeliveryState.WAITING, index=True)
    created_at: Mapped[int]
    due_at: Mapped[int] = mapped_column(index=True)
    failed_at: Mapped[int | None]
    attempts: Mapped[list[Attempt]] = relationship(order_by="Attempt.id", back_populates="delivery")


class Attempt(Base):
    """``outcome`` is a word of ``portal.sandbox.push.post.Outcome``."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"), index=True)
    at: Mapped[int]
    url: Mapped[str]
    outcome: Mapped[str]
    http_status: Mapped[int | None]
    milliseconds: Mapped[int]
    delivery: Mapped[Delivery] = relationship(back_populates="attempts")
