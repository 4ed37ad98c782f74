"""Approval templates: the form as it was written and the flow as it was designed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from portal.sandbox.storage import Base


class Template(Base):
    """``components`` keep the write shape; ``flow`` is a list of nodes (``portal.sandbox.approval.flow``),
    ``draft`` one that was saved and not published yet.

    ``visible_to`` holds userids; None means everybody. Times in epoch milliseconds. A deleted template keeps its row
    for the instances it was used for; its name is free again.
    """

    __tablename__ = "template"

    process_code: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(index=True)
    description: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="PUBLISHED")
    components: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    flow: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    draft: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    creator_userid: Mapped[str] = mapped_column(default="")
    visible_to: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    requester_may_withdraw: Mapped[bool] = mapped_column(default=True)
    allows_countersigning: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int]
    modified_at: Mapped[int]
