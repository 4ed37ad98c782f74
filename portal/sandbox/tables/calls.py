"""Calls counted by month, and faults waiting for their call or event."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from portal.sandbox.storage import Base


class CallCount(Base):
    """``result`` is ``ok`` or the error code that was answered."""

    __tablename__ = "call_count"

    month: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    is_metered: Mapped[bool] = mapped_column(default=False)


class Fault(Base):
    """The next ``remaining`` calls (or events) of ``operation`` (``*`` for any) meet ``name``."""

    __tablename__ = "fault"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str]
    operation: Mapped[str] = mapped_column(default="*")
    remaining: Mapped[int] = mapped_column(default=1)
    seconds: Mapped[float | None]
    part: Mapped[str] = mapped_column(default="")
