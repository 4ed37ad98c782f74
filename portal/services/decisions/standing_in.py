"""Whose approvals somebody may decide besides their own: of those on leave who named them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BindParameter, Select, literal, select
from sqlalchemy.orm import Session

from portal.models import Absence


def decides_for(person_id: int | BindParameter[int], *, on: date | BindParameter[date]) -> Select[tuple[int]]:
    """Return the statement for whose approvals a person may decide on this day: their own, and those of people on
    leave whose delegate they are, also by way of another delegate on leave. Circles end.
    """
    me = person_id if isinstance(person_id, BindParameter) else literal(person_id)
    mine = select(me.label("person_id")).cte("decides_for", recursive=True)
    on_leave = (
        select(Absence.person_id)
        .join(mine, Absence.delegate_id == mine.c.person_id)
        .where(Absence.starts_on <= on, Absence.ends_on >= on)
    )
    everybody = mine.union(on_leave)
    return select(everybody.c.person_id)


def may_decide_for(session: Session, person_id: int, approver_id: int, *, on: date) -> bool:
    """Whether a person may decide what is this approver's to decide."""
    if person_id == approver_id:
        return True
    return approver_id in session.scalars(decides_for(person_id, on=on)).all()
