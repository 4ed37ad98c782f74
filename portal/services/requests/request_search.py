"""Finding requests: newest first, a page at a time, at a cost that does not grow with the number of requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from portal.clock import Clock
from portal.extensions import db
from portal.models import AccessRequest, Approval, Person, RequestItem, Resource
from portal.rules.organisation_day import organisation_day
from portal.rules.permissions import Permission
from portal.rules.request_number import LARGEST_ID
from portal.services.lists.keyset_page import KeysetPage, lead_of, page_of_ids
from portal.services.lists.list_filters import NO_FILTERS, ListFilters
from portal.services.lists.request_filters import request_filters
from portal.services.lists.scope import workspaces_seen
from portal.services.permissions import may
from portal.services.requests.request_conditions import (
    Condition,
    StateFilter,
    any_request,
    asked_about,
    asked_by,
    decided_by,
    in_state,
    in_workspaces,
    mentions,
    waiting_for,
)
from portal.services.requests.request_part import RequestPart, parts_seen

PAGE_LENGTH = 20
LONGEST_TEXT = 100
MOST_WORDS = 5


class Whose(StrEnum):
    """Whose requests are looked for, as seen by the person who looks: what waits for them, and what ever did."""

    MINE = "mine"
    TO_DECIDE = "to_decide"
    DECIDED = "decided"
    EVERYBODYS = "everybodys"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is looked for. ``older_than`` is where an earlier page ended (``Found.older_than``)."""

    whose: Whose = Whose.MINE
    text: str = ""
    state: StateFilter | None = None
    older_than: int | None = None
    filters: ListFilters = NO_FILTERS


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page. ``older_than`` is where the next one begins, None when there is nothing older.

    ``is_cut`` tells that the page ended because enough was looked at, not because it is full.
    """

    requests: Sequence[AccessRequest] = ()
    older_than: int | None = None
    is_cut: bool = False


@dataclass(frozen=True, kw_only=True)
class RequestSearch:
    """Finds requests among those that the person may see."""

    clock: Clock

    def find(self, person: Person, wanted: Wanted) -> Found:
        """Return at most ``PAGE_LENGTH`` requests that all of ``wanted`` is true of.

        Each word of the text must begin the number or stand in what the request names: requester, approver,
        resource, workspace. Raises ``NotAllowed`` for everybody's requests where nobody lets the person see them.
        """
        session = db.session()
        conditions = conditions_of(session, person, wanted)
        if conditions is None:
            return Found()
        before = min(LARGEST_ID if wanted.older_than is None else wanted.older_than, LARGEST_ID)
        lead, back_to = lead_of(session, conditions, before=before, rows=PAGE_LENGTH, anything=any_request())
        rows = session.scalars(
            select(AccessRequest)
            .where(lead.between(before=before, back_to=back_to), *(each.holds for each in conditions))
            .options(*_what_a_list_shows())
            .order_by(AccessRequest.id.desc())
            .limit(PAGE_LENGTH + 1)
        ).all()
        if len(rows) > PAGE_LENGTH:
            return Found(requests=rows[:PAGE_LENGTH], older_than=rows[PAGE_LENGTH - 1].id)
        return Found(requests=rows, older_than=back_to or None, is_cut=bool(back_to))

    def parts(self, person: Person, found: Found) -> list[RequestPart]:
        """Return what the person sees of each request that was found."""
        return parts_seen(db.session(), person, found.requests, on=organisation_day(self.clock.now()))

    def ids(self, session: Session, person: Person, wanted: Wanted, *, rows: int) -> KeysetPage:
        """Return only the ids of up to ``rows`` requests that all of ``wanted`` is true of; raises ``NotAllowed``."""
        conditions = conditions_of(session, person, wanted)
        if conditions is None:
            return KeysetPage(ids=(), older_than=None, is_cut=False)
        return page_of_ids(
            session, conditions, older_than=wanted.older_than, rows=rows, anything=any_request()
        )


def conditions_of(session: Session, person: Person, wanted: Wanted) -> list[Condition] | None:
    """Return what has to be true, or None when it is true of nothing; raises ``NotAllowed``."""
    if wanted.whose == Whose.EVERYBODYS:
        workspaces = workspaces_seen(session, person)
        seen = None if workspaces is None else in_workspaces(workspaces)
        conditions = request_filters(session, wanted.filters, workspaces=workspaces)
        if conditions is None:
            return None
    else:
        seen = asked_about(person) if _sees_parts(person, wanted.whose) else None
        conditions = [_whose(person, wanted.whose)]
    if wanted.state is not None:
        conditions.append(in_state(wanted.state))
    mentioned = _mentioned(session, wanted, seen)
    if mentioned is None:
        return None
    conditions += mentioned
    return conditions or [any_request()]


def _sees_parts(person: Person, whose: Whose) -> bool:
    """Whether of the requests of a list only some items may be the person's to see."""
    return whose != Whose.MINE and not may(person, Permission.READ_EVERYTHING)


def _whose(person: Person, whose: Whose) -> Condition:
    if whose == Whose.MINE:
        return asked_by(person.id)
    return waiting_for(person) if whose == Whose.TO_DECIDE else decided_by(person)


def _mentioned(session: Session, wanted: Wanted, seen: ColumnElement[bool] | None) -> list[Condition] | None:
    """Return that each word is mentioned, or all as one where something is called so; None if one is nowhere.

    Two words of a name are common each; together they lead straight to whom they mean. Only admins search so: it
    tells that there is such a name.
    """
    words = _words(wanted.text)
    if len(words) > 1 and wanted.whose == Whose.EVERYBODYS:
        whole = mentions(session, " ".join(words), seen=seen)
        if whole is not None:
            return [whole]
    found = (mentions(session, word, seen=seen) for word in words)
    mentioned = [each for each in found if each is not None]
    return mentioned if len(mentioned) == len(words) else None


def _words(text: str) -> list[str]:
    # PostgreSQL takes no NUL
    return list(dict.fromkeys(text[:LONGEST_TEXT].replace("\x00", " ").split()))[:MOST_WORDS]


@cache
def _what_a_list_shows() -> tuple[Any, ...]:
    approvals = selectinload(AccessRequest.approvals)
    return (
        selectinload(AccessRequest.items).joinedload(RequestItem.resource).lazyload(Resource.owner),
        approvals.load_only(
            Approval.state,
            Approval.incident,
            Approval.withdrawal_requested_at,
            Approval.withdrawal_purpose,
            Approval.chosen_approvers,
            Approval.failure,
            Approval.retries,
            Approval.last_read_at,
            Approval.replaces_id,
        ),
        approvals.lazyload(Approval.template),
        approvals.lazyload(Approval.records),
        selectinload(AccessRequest.on_behalf_of),
    )
