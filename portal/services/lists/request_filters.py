"""Filters of the list of all requests, as conditions with the ways that lead to what they hold for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from portal.models import AccessRequest, Approval, Person, RequestItem, Resource
from portal.rules.organisation_day import CHINA
from portal.services.lists.day_bounds import ids_between
from portal.services.lists.list_filters import ListFilters
from portal.services.requests.request_conditions import Called, Condition, decides_in, in_workspaces
from portal.services.requests.request_streams import IdRange, StreamsOfMany


def request_filters(
    session: Session, filters: ListFilters, *, workspaces: tuple[int, ...] | None
) -> list[Condition] | None:
    """Return what must hold, or None where a name is nobody's. ``workspaces`` are those seen, None for all.

    Items that are not seen count for no filter: nobody finds out by searching what a page does not tell them.
    """
    seen = None if workspaces is None else in_workspaces(workspaces)
    found = [
        *_named(session, filters, seen),
        *_of_items(filters, seen),
        *_asked_between(session, filters),
        *([_in_workspaces(session, workspaces)] if workspaces is not None else []),
    ]
    return None if None in found else [each for each in found if each is not None]


def day_begin(day: date) -> datetime:
    """Return when a day of the organisation begins."""
    return datetime.combine(day, time.min, CHINA).astimezone(UTC)


def _named(
    session: Session, filters: ListFilters, seen: ColumnElement[bool] | None
) -> Iterator[Condition | None]:
    if filters.person:
        people = Called.find(session, Person.id, (Person.name, Person.user_id), filters.person)
        yield asked_by_or_for(people) if people.are_any else None
    if filters.approver:
        people = Called.find(session, Person.id, (Person.name, Person.user_id), filters.approver)
        yield _decided_by(people, seen) if people.are_any else None
    if filters.resource:
        resources = Called.find(session, Resource.id, (Resource.name, Resource.external_id), filters.resource)
        yield about(resources, seen) if resources.are_any else None
    if filters.workspace:
        resources = Called.find(session, Resource.id, (Resource.workspace,), filters.workspace)
        yield about(resources, seen) if resources.are_any else None


def asked_by_or_for(people: Called) -> Condition:
    """Hold for requests of these people, and for those by which others asked for them."""
    asked, gets = AccessRequest.requester_id, AccessRequest.on_behalf_of_id
    return Condition(
        holds=or_(people.include(asked), people.include(gets)),
        streams=()
        if people.are_many
        else tuple(
            StreamsOfMany(ids=AccessRequest.id, key=key, owner_ids=Person.id, owners=people.ids)
            for key in (asked, gets)
        ),
    )


def _decided_by(people: Called, seen: ColumnElement[bool] | None) -> Condition:
    stream = StreamsOfMany(
        ids=Approval.request_id, key=Approval.approver_id, owner_ids=Person.id, owners=people.ids
    )
    return Condition(
        holds=decides_in(people, seen=seen),
        streams=() if people.are_many else (stream,),
        is_exact=seen is None,
    )


def about(resources: Called, seen: ColumnElement[bool] | None = None) -> Condition:
    """Hold for requests with an item of one of these resources that is ``seen``, or any with None."""
    stream = StreamsOfMany(
        ids=RequestItem.request_id,
        key=RequestItem.resource_id,
        owner_ids=Resource.id,
        owners=resources.ids,
    )
    return Condition(
        holds=_has_item(resources.include(RequestItem.resource_id + 0), seen),
        streams=() if resources.are_many else (stream,),
        is_exact=seen is None,
    )


def _in_workspaces(session: Session, workspaces: tuple[int, ...]) -> Condition:
    return about(Called.found_by(session, select(Resource.id).where(Resource.workspace_id.in_(workspaces))))


def _of_items(filters: ListFilters, seen: ColumnElement[bool] | None) -> Iterator[Condition]:
    if filters.level:
        yield Condition(holds=_has_item(RequestItem.entitlement == filters.level, seen))
    if filters.resource_type:
        of_type = select(Resource.id).where(
            Resource.id == RequestItem.resource_id, Resource.resource_type == filters.resource_type
        )
        yield Condition(holds=_has_item(of_type.exists(), seen))


def _asked_between(session: Session, filters: ListFilters) -> Iterator[Condition]:
    since = day_begin(filters.since) if filters.since else None
    until = day_begin(filters.until + timedelta(days=1)) if filters.until else None
    if since or until:
        at = AccessRequest.submitted_at
        ids = ids_between(session, AccessRequest.id, at, since=since, until=until)
        bounds = [*([at >= since] if since else []), *([at < until] if until else [])]
        holds: ColumnElement[bool] = bounds[0] if len(bounds) == 1 else bounds[0] & bounds[1]
        yield Condition(holds=holds, streams=(IdRange(ids=ids),), is_exact=False)


def _has_item(condition: ColumnElement[bool], seen: ColumnElement[bool] | None) -> ColumnElement[bool]:
    found = exists().where(RequestItem.request_id == AccessRequest.id, condition)
    return found if seen is None else found.where(seen)
