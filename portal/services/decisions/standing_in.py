"""Who decides for whom is on leave: whose approvals a delegate may decide, and who that is for an approver."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BindParameter, Select, literal, select
from sqlalchemy.orm import Session

from portal.models import Absence, Person


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


def stand_in(session: Session, approver_id: int, *, on: date) -> Person | None:
    """Return who decides for an approver who is on leave on this day, by way of delegates on leave too; else None."""
    found, passed = None, {approver_id}
    away = _absence(session, approver_id, on)
    while away is not None and away.delegate_id not in passed:
        found = away.delegate
        passed.add(found.id)
        away = _absence(session, found.id, on)
    return found if away is None else None


def _absence(session: Session, person_id: int, on: date) -> Absence | None:
    absence = session.get(Absence, person_id)
    return absence if absence is not None and absence.starts_on <= on <= absence.ends_on else None


def may_decide_for(session: Session, person_id: int, approver_id: int, *, on: date) -> bool:
    """Whether a person may decide what is this approver's to decide."""
    if person_id == approver_id:
        return True
    return approver_id in session.scalars(decides_for(person_id, on=on)).all()
