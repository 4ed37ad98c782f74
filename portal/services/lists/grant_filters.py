"""Filters of the list of all grants, as conditions with the ways that lead to what they hold for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import ColumnElement, exists, or_, select, true
from sqlalchemy.orm import Session

from portal.models import AccessRequest, Approval, Grant, Person, RequestItem, Resource
from portal.rules.grant_state import OPEN
from portal.rules.request_number import LARGEST_ID
from portal.services.grants.grant_drift import differs
from portal.services.lists.day_bounds import ids_between
from portal.services.lists.list_filters import ListFilters
from portal.services.lists.request_filters import day_begin
from portal.services.requests.request_conditions import Called, Condition
from portal.services.requests.request_streams import Column, IdRange, Stream, StreamsOfMany

OPEN_STATES = "open"
# No state of a grant: what was found of it in the BI tool.
DIFFERING = "differing"


def any_grant() -> Condition:
    """Hold for every grant."""
    every = IdRange(ids=range(1, LARGEST_ID + 1), root=Grant.id)
    return Condition(holds=true(), streams=(every,), root=Grant.id)


def grant_filters(
    session: Session, filters: ListFilters, *, text: str, workspaces: tuple[int, ...] | None
) -> list[Condition] | None:
    """Return what must hold, or None where a name is nobody's. ``workspaces`` are those seen, None for all.

    Each word of ``text`` begins the request's number, or stands in the name of the person or the resource.
    """
    found = [
        *(_mentioned(session, word) for word in text.split()),
        *_named(session, filters),
        *_of_rows(filters),
        *_approved_between(session, filters),
        *([_in_workspaces(session, workspaces)] if workspaces is not None else []),
    ]
    return None if None in found else [each for each in found if each is not None]


def _mentioned(session: Session, word: str) -> Condition | None:
    people = Called.find(session, Person.id, (Person.name, Person.user_id), word)
    resources = Called.find(session, Resource.id, (Resource.name, Resource.workspace), word)
    numbers = select(AccessRequest.id).where(
        AccessRequest.id == Grant.request_id, AccessRequest.number.startswith(word.upper(), autoescape=True)
    )
    holds: list[ColumnElement[bool]] = [numbers.exists()]
    streams: list[StreamsOfMany] = []
    for found, key, owner_ids in (
        (people, Grant.person_id, Person.id),
        (resources, Grant.resource_id, Resource.id),
    ):
        if found.are_any:
            holds.append(found.include(key))
            streams.append(_stream(found, key, owner_ids))
    is_number = session.scalar(
        select(AccessRequest.id)
        .where(AccessRequest.number.startswith(word.upper(), autoescape=True))
        .limit(1)
    )
    if is_number is None and not streams:
        return None
    leads_everywhere = is_number is None and not people.are_many and not resources.are_many
    return Condition(holds=or_(*holds), streams=tuple(streams) if leads_everywhere else (), root=Grant.id)


def _named(session: Session, filters: ListFilters) -> Iterator[Condition | None]:
    if filters.person:
        people = Called.find(session, Person.id, (Person.name, Person.user_id), filters.person)
        yield _owned(people, Grant.person_id, Person.id)
    if filters.resource:
        resources = Called.find(session, Resource.id, (Resource.name, Resource.external_id), filters.resource)
        yield _owned(resources, Grant.resource_id, Resource.id)
    if filters.workspace:
        resources = Called.find(session, Resource.id, (Resource.workspace,), filters.workspace)
        yield _owned(resources, Grant.resource_id, Resource.id)
    if filters.approver:
        people = Called.find(session, Person.id, (Person.name, Person.user_id), filters.approver)
        decided = (
            exists()
            .where(RequestItem.id == Grant.item_id)
            .where(Approval.id == RequestItem.approval_id, people.include(Approval.approver_id + 0))
        )
        yield Condition(holds=decided, root=Grant.id) if people.are_any else None


def _owned(owners: Called, key: Column, owner_ids: Column) -> Condition | None:
    if not owners.are_any:
        return None
    streams = () if owners.are_many else (_stream(owners, key, owner_ids),)
    return Condition(holds=owners.include(key), streams=streams, root=Grant.id)


def _stream(owners: Called, key: Column, owner_ids: Column) -> StreamsOfMany:
    return StreamsOfMany(ids=Grant.id, key=key, owner_ids=owner_ids, owners=owners.ids)


def _in_workspaces(session: Session, workspaces: tuple[int, ...]) -> Condition:
    theirs = Called.found_by(session, select(Resource.id).where(Resource.workspace_id.in_(workspaces)))
    return _owned(theirs, Grant.resource_id, Resource.id) or Condition(holds=~true(), root=Grant.id)


def _of_rows(filters: ListFilters) -> Iterator[Condition]:
    if filters.state == DIFFERING:
        yield Condition(holds=differs(), root=Grant.id)
    elif filters.state:
        states = sorted(OPEN) if filters.state == OPEN_STATES else [filters.state]
        streams = tuple(Stream(ids=Grant.id, belongs=Grant.state == each) for each in states)
        yield Condition(holds=Grant.state.in_(states), streams=streams, root=Grant.id)
    if filters.level:
        yield Condition(holds=Grant.entitlement == filters.level, root=Grant.id)
    if filters.target:
        yield Condition(holds=Grant.target == filters.target, root=Grant.id)
    if filters.resource_type:
        of_type = exists().where(
            Resource.id == Grant.resource_id, Resource.resource_type == filters.resource_type
        )
        yield Condition(holds=of_type, root=Grant.id)


def _approved_between(session: Session, filters: ListFilters) -> Iterator[Condition]:
    since = day_begin(filters.since) if filters.since else None
    until = day_begin(filters.until + timedelta(days=1)) if filters.until else None
    if since or until:
        ids = ids_between(session, Grant.id, Grant.approved_at, since=since, until=until)
        bounds = [
            *([Grant.approved_at >= since] if since else []),
            *([Grant.approved_at < until] if until else []),
        ]
        holds: ColumnElement[bool] = bounds[0] if len(bounds) == 1 else bounds[0] & bounds[1]
        yield Condition(
            holds=holds, streams=(IdRange(ids=ids, root=Grant.id),), is_exact=False, root=Grant.id
        )
