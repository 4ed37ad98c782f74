"""Asking on behalf of a colleague: found by name, and remembered once chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.extensions import db
from portal.models import Person
from portal.services.faults import FieldFault
from portal.services.people import People
from portal.services.text_search import holds

MOST_FOUND = 20
_LOCAL = re.compile(r"local:([1-9][0-9]{0,8})")


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """Somebody for whom access can be asked; ``key`` is what a form sends."""

    key: str
    name: str
    told: str


@dataclass(frozen=True, kw_only=True)
class Colleagues:
    """Finds those for whom somebody can ask: everybody active but themselves."""

    people: People

    def find(self, requester: Person, query: str) -> tuple[Colleague, ...]:
        """Return who is called so, at most ``MOST_FOUND``; raises ``ChannelError``.

        Members of DingTalk are found in its directory, others among the people whom the portal knows.
        """
        requester_id, requester_user_id = requester.id, requester.user_id
        found = list(self._local(requester_id, query))
        if requester_user_id is not None:
            found += (
                Colleague(key=each.user_id, name=each.name, told=each.user_id)
                for each in self.people.search(query)
                if each.user_id != requester_user_id
            )
        return tuple(found[:MOST_FOUND])

    def remember(self, requester: Person, key: str) -> int:
        """Keep the colleague and return our id; the key of somebody kept before costs no call.

        Raises ``FieldFault("on_behalf_of", …)`` for nobody active and for the requester, and ``ChannelError``.
        """
        requester_id, corp_id = requester.id, requester.corp_id
        local = _LOCAL.fullmatch(key)
        if local is not None:
            known = db.session.get(Person, int(local[1]))
            person_id = known.id if known is not None and known.user_id is None and known.is_active else None
        elif corp_id is None:
            person_id = None
        else:
            known = db.session.scalar(select(Person).filter_by(corp_id=corp_id, user_id=key))
            person_id = self._kept(known, key)
        if person_id is None:
            raise FieldFault("on_behalf_of", "not_active")
        if person_id == requester_id:
            raise FieldFault("on_behalf_of", "yourself")
        return person_id

    def _kept(self, known: Person | None, key: str) -> int | None:
        if known is not None:
            known_id = known.id
            self.people.refresh(known_id)
            return known_id if db.session.get_one(Person, known_id).is_active else None
        try:
            return self.people.remember(key)
        except FieldFault:
            return None

    def _local(self, requester_id: int, query: str) -> Sequence[Colleague]:
        wanted = query.strip()
        if not wanted:
            return ()
        called_so = (
            select(Person.id, Person.name)
            .where(
                Person.user_id.is_(None),
                Person.is_active,
                Person.id != requester_id,
                holds(Person.name, wanted),
            )
            .order_by(Person.name, Person.id)
            .limit(MOST_FOUND)
        )
        return [
            Colleague(key=f"local:{row.id}", name=row.name, told="") for row in db.session.execute(called_so)
        ]


def key_of(person: Person) -> str:
    """Return what a form sends for somebody kept already."""
    return person.user_id if person.user_id is not None else f"local:{person.id}"
