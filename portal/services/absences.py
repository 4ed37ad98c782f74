"""Approvers on leave: from when to when, and who decides instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Absence, Person
from portal.rules.organisation_day import organisation_day
from portal.rules.permissions import Permission
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, NotThere
from portal.services.permissions import require

LONGEST_DAYS_AHEAD = 366


@dataclass(frozen=True, kw_only=True)
class Leave:
    """What was typed: days as dates of the organisation, both included; empty is what nobody could read."""

    delegate_id: int | None
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, kw_only=True)
class Absences:
    """Everybody sets their own; who may give roles sets anybody's."""

    clock: Clock

    def today(self) -> date:
        """Return the organisation's day."""
        return organisation_day(self.clock.now())

    def of(self, person_id: int) -> Absence | None:
        """Return somebody's leave that is on or to come, or None."""
        absence = db.session.get(Absence, person_id)
        return absence if absence is not None and absence.ends_on >= self.today() else None

    def represented_by(self, person_id: int) -> Sequence[Absence]:
        """Return the leaves, on or to come, in which this person stands in for somebody."""
        theirs = (
            select(Absence)
            .where(Absence.delegate_id == person_id, Absence.ends_on >= self.today())
            .options(joinedload(Absence.person))
            .order_by(Absence.starts_on)
        )
        return db.session.scalars(theirs).all()

    def set(self, actor: Actor, editor: Person, *, person_id: int, leave: Leave) -> None:
        """Set somebody's leave in place of the one they had.

        Raises ``FieldFault`` for what makes no sense, ``NotAllowed``, ``NotThere``.
        """
        delegate_id, starts_on, ends_on = self._checked(leave, person_id)
        with transaction() as session:
            _may_edit(session.get_one(Person, editor.id), person_id)
            person, delegate = session.get(Person, person_id), session.get(Person, delegate_id)
            if person is None:
                raise NotThere
            if delegate is None or not delegate.is_active:
                raise FieldFault("delegate", "not_active")
            row = session.get(Absence, person_id)
            before = _told(row)
            if row is None:
                row = Absence(person_id=person_id)
                session.add(row)
            row.delegate, row.starts_on, row.ends_on = delegate, starts_on, ends_on
            record(
                session,
                actor,
                "absence.set",
                at=self.clock.now(),
                subject=("person", person_id),
                before=before,
                after=_told(row),
            )

    def end(self, actor: Actor, editor: Person, *, person_id: int) -> None:
        """Forget somebody's leave; without one nothing changes. Raises ``NotAllowed``."""
        with transaction() as session:
            _may_edit(session.get_one(Person, editor.id), person_id)
            row = session.get(Absence, person_id)
            if row is None:
                return
            at, subject = self.clock.now(), ("person", person_id)
            record(session, actor, "absence.ended", at=at, subject=subject, before=_told(row))
            session.delete(row)

    def _checked(self, leave: Leave, person_id: int) -> tuple[int, date, date]:
        if leave.delegate_id is None:
            raise FieldFault("delegate", "missing")
        if leave.delegate_id == person_id:
            raise FieldFault("delegate", "yourself")
        if leave.starts_on is None:
            raise FieldFault("starts_on", "missing")
        if leave.ends_on is None:
            raise FieldFault("ends_on", "missing")
        if leave.ends_on < max(leave.starts_on, self.today()):
            raise FieldFault("ends_on", "past")
        if leave.ends_on > self.today() + timedelta(days=LONGEST_DAYS_AHEAD):
            raise FieldFault("ends_on", "too_far")
        return leave.delegate_id, leave.starts_on, leave.ends_on


def _may_edit(editor: Person, person_id: int) -> None:
    if editor.id != person_id:
        require(editor, Permission.GIVE_ROLES)


def _told(absence: Absence | None) -> dict[str, str] | None:
    if absence is None:
        return None
    return {
        "delegate": absence.delegate.name,
        "starts_on": absence.starts_on.isoformat(),
        "ends_on": absence.ends_on.isoformat(),
    }
