"""Switches of the sandbox that survive a restart, one row each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from portal.sandbox.storage import Base


class Setting(Base):
    """Absent row means the default of ``portal.sandbox.settings``."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
