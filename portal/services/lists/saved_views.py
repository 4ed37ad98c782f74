"""Filters that somebody keeps under a name of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Person, SavedView
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, NotThere

LONGEST_NAME = 64
MOST_VIEWS = 30


class ListName(StrEnum):
    """Lists that can be narrowed."""

    REQUESTS = "requests"
    GRANTS = "grants"


@dataclass(frozen=True, kw_only=True)
class SavedViews:
    """Each person has their own; nobody else sees or deletes them."""

    clock: Clock

    def of(self, person: Person, page: ListName) -> Sequence[SavedView]:
        """Return somebody's views of a list, by name."""
        theirs = select(SavedView).filter_by(person_id=person.id, page=page.value)
        return db.session.scalars(theirs.order_by(SavedView.name)).all()

    def save(
        self, actor: Actor, person: Person, page: ListName, *, name: str, filters: Mapping[str, str]
    ) -> None:
        """Keep ``filters`` (query parameters) under ``name``, instead of what was kept under it before.

        Raises ``FieldFault`` for a name that cannot be one and when there are ``MOST_VIEWS`` already.
        """
        name = " ".join(name.replace("\x00", " ").split())
        if not 0 < len(name) <= LONGEST_NAME:
            raise FieldFault("view_name", "length")
        person_id, now = person.id, self.clock.now()
        try:
            with transaction() as session:
                mine = select(SavedView).filter_by(person_id=person_id, page=page.value)
                view = session.scalar(mine.filter_by(name=name).with_for_update())
                before = dict(view.filters) if view else None
                if view is None:
                    count = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
                    if count >= MOST_VIEWS:
                        raise FieldFault("view_name", "too_many")
                    view = SavedView(person_id=person_id, page=page.value, name=name, created_at=now)
                    session.add(view)
                view.filters = dict(filters)
                record(
                    session,
                    actor,
                    "view.saved",
                    at=now,
                    subject=("saved_view", name),
                    before=before,
                    after=dict(filters),
                )
        except IntegrityError:
            # Saved under the same name by another tab just now: that one counts.
            raise FieldFault("view_name", "saved_meanwhile") from None

    def delete(self, actor: Actor, person: Person, view_id: int) -> ListName:
        """Forget a view and return which list it was of; raises ``NotThere`` for those of others."""
        person_id = person.id
        with transaction() as session:
            view = session.scalar(select(SavedView).filter_by(id=view_id, person_id=person_id))
            if view is None:
                raise NotThere
            session.delete(view)
            record(
                session,
                actor,
                "view.deleted",
                at=self.clock.now(),
                subject=("saved_view", view.name),
                before=dict(view.filters),
            )
            return ListName(view.page)
