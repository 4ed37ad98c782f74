"""Days as ranges of ids: rows are made in the order of time, so a few looks find where a day begins."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

# Two who write at the same moment may commit in either order, and clocks are set back a little at times.
SLACK = timedelta(hours=1)


def ids_between(
    session: Session,
    root: InstrumentedAttribute[int],
    at: InstrumentedAttribute[Any],
    *,
    since: datetime | None,
    until: datetime | None,
) -> range:
    """Return a range with the ids of all rows whose time is in ``since`` (included) to ``until``, and few others."""
    last = session.scalar(select(func.max(root))) or 0
    first = _first_from(session, root, at, since - SLACK, last) if since else 1
    stop = _first_from(session, root, at, until + SLACK, last) if until else last + 1
    return range(first, max(first, stop))


def _first_from(
    session: Session,
    root: InstrumentedAttribute[int],
    at: InstrumentedAttribute[Any],
    moment: datetime,
    last: int,
) -> int:
    """Search by halves for the first id whose row is of ``moment`` or later."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        row = session.execute(select(root, at).where(root >= middle).order_by(root).limit(1)).one_or_none()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return low
