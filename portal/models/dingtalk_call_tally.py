"""How many calls were made to DingTalk: its monthly quota counts them, and so must we."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class DingTalkCallTally(Base):
    """Calls of one operation with one result within one month, as ``2026-11``; ``ok`` or a failure class."""

    __tablename__ = "portal_dingtalk_call_tally"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    operation: Mapped[str] = mapped_column(String(48), primary_key=True)
    result: Mapped[str] = mapped_column(String(48), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
