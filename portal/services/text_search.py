"""Looking for a text as people type it, inside of a column."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute


def holds(column: InstrumentedAttribute[Any], text: str) -> ColumnElement[bool]:
    """Return that ``column`` holds ``text`` as it stands there, whatever its capitals."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.ilike(f"%{escaped}%", escape="\\")
