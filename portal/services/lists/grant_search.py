"""Finding grants among all that the person may see: newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal.extensions import db
from portal.models import AccessRequest, Grant, Person, Resource
from portal.services.lists.grant_filters import any_grant, grant_filters
from portal.services.lists.keyset_page import KeysetPage, page_of_ids
from portal.services.lists.list_filters import NO_FILTERS, ListFilters
from portal.services.lists.scope import oversees, workspaces_seen

PAGE_LENGTH = 20
_NOTHING = KeysetPage(ids=(), older_than=None, is_cut=False)


@dataclass(frozen=True, kw_only=True)
class WantedGrants:
    """What is looked for. ``older_than`` is where an earlier page ended."""

    text: str = ""
    filters: ListFilters = NO_FILTERS
    older_than: int | None = None


@dataclass(frozen=True, kw_only=True)
class FoundGrants:
    """One page. ``is_cut`` tells that it ended because enough was looked at, not because it is full."""

    grants: Sequence[Grant]
    older_than: int | None
    is_cut: bool


@dataclass(frozen=True, kw_only=True)
class GrantSearch:
    """Finds grants for whoever sees those of others."""

    def find(self, person: Person, wanted: WantedGrants) -> FoundGrants:
        """Return one page; raises ``NotAllowed`` where nobody lets the person see grants of others."""
        session = db.session()
        found = self.ids(session, person, wanted, rows=PAGE_LENGTH)
        rows = select(Grant).where(Grant.id.in_(found.ids)).options(*_what_a_list_shows())
        grants = session.scalars(rows.order_by(Grant.id.desc())).all() if found.ids else []
        return FoundGrants(grants=grants, older_than=found.older_than, is_cut=found.is_cut)

    def oversees(self, person: Person) -> bool:
        """Whether the person sees requests and grants of others at all."""
        return oversees(db.session(), person)

    def ids(self, session: Session, person: Person, wanted: WantedGrants, *, rows: int) -> KeysetPage:
        """Return only the ids of up to ``rows`` grants; raises ``NotAllowed``."""
        conditions = grant_filters(
            session, wanted.filters, text=wanted.text, workspaces=workspaces_seen(session, person)
        )
        if conditions is None:
            return _NOTHING
        return page_of_ids(session, conditions, older_than=wanted.older_than, rows=rows, anything=any_grant())


def _what_a_list_shows() -> tuple[Any, ...]:
    request = joinedload(Grant.request)
    return (
        request.load_only(AccessRequest.number),
        request.lazyload(AccessRequest.requester),
        request.lazyload(AccessRequest.approvals),
        joinedload(Grant.resource).lazyload(Resource.owner),
    )
