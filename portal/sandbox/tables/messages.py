"""Work notices that the app sent, one row a person, also those that DingTalk keeps to itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from portal.sandbox.storage import Base

# DingTalk's task ids do not fit into 32 bits.
FIRST_MESSAGE_TASK = 256_271_667_000


class Message(Base):
    """``withheld`` is the code of the limit that kept it from the person, empty when it was delivered.

    ``content`` is the message as JSON text, by which an identical one is known; ``sent_at`` epoch milliseconds.
    """

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    task_id: Mapped[int] = mapped_column(index=True)
    userid: Mapped[str] = mapped_column(index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    content: Mapped[str]
    withheld: Mapped[str] = mapped_column(default="")
    is_recalled: Mapped[bool] = mapped_column(default=False)
    is_read: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[int]
