"""What a search asks of a request, and the streams that lead to the requests it can be true of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from portal.channels.approval_channel import ChannelName
from portal.models import (
    AccessRequest,
    Approval,
    ApprovalDecider,
    ApprovalTemplate,
    Person,
    RequestItem,
    Resource,
)
from portal.models.approval import DeciderState
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.request_number import LARGEST_ID, NumberPart, number_part
from portal.services.decisions.decider_key import decider_key
from portal.services.outcomes.deciders import decides_about
from portal.services.requests.request_streams import Column, IdRange, Stream, StreamsOfMany

# A word in more names than this is common: looking at the newest requests finds it sooner than following each name.
MOST_NAMES = 50


class StateFilter(StrEnum):
    """Which requests a list shows, as people who look for something tell them apart."""

    OPEN = "open"
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    ENDED = "ended"
    COULD_NOT_START = "could_not_start"


_STATES = {
    StateFilter.OPEN: tuple(state for state in ApprovalState if not is_final(state)),
    StateFilter.WAITING: (ApprovalState.PENDING,),
    StateFilter.APPROVED: (ApprovalState.APPROVED, ApprovalState.PARTLY_APPROVED),
    StateFilter.REJECTED: (ApprovalState.REJECTED,),
    StateFilter.ENDED: (ApprovalState.WITHDRAWN, ApprovalState.TERMINATED, ApprovalState.LAPSED),
    StateFilter.COULD_NOT_START: (ApprovalState.COULD_NOT_START,),
}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """``holds`` decides about a row of the table whose primary key is ``root``.

    ``streams`` lead to every row that it can hold for, and, where ``is_exact``, to no other; there are none where no
    index leads there.
    """

    holds: ColumnElement[bool]
    streams: tuple[IdRange | Stream | StreamsOfMany, ...] = ()
    is_exact: bool = True
    root: Column = field(default_factory=lambda: AccessRequest.id)

    @property
    def width(self) -> int:
        """How many streams there are."""
        return sum(stream.width for stream in self.streams)

    def between(self, *, before: int, back_to: int) -> ColumnElement[bool]:
        """Return that a row is in one of the streams, from ``back_to`` on and before ``before`` (ids)."""
        return self.root.in_(
            union_all(*(stream.between(before=before, back_to=back_to) for stream in self.streams))
        )

    def reach(self, *, before: int, rows: int) -> ColumnElement[int | None]:
        """Return the id down to which no stream has more than ``rows`` rows; NULL when that is all of them."""
        ends = union_all(*(stream.ends(before=before, rows=rows) for stream in self.streams)).subquery()
        return select(func.max(ends.c[0])).scalar_subquery()


def any_request() -> Condition:
    """Hold for every request."""
    return Condition(holds=true(), streams=(IdRange(ids=range(1, LARGEST_ID + 1)),))


def asked_by(person_id: int) -> Condition:
    """Hold for the requests of one person, and those of others that give them access."""
    ways = (AccessRequest.requester_id == person_id, AccessRequest.on_behalf_of_id == person_id)
    return Condition(
        holds=or_(*ways), streams=tuple(Stream(ids=AccessRequest.id, belongs=each) for each in ways)
    )


def decided_by(person: Person) -> Condition:
    """Hold for requests that one person decides, has decided or is expected to decide about."""
    theirs, named = Approval.approver_id == person.id, _is_named(person, tuple(DeciderState))
    here = _is_named_here(person)
    return Condition(
        holds=or_(*(_has_approval(each) for each in (theirs, named, here))),
        streams=tuple(Stream(ids=Approval.request_id, belongs=each) for each in (theirs, named, here)),
    )


def waiting_for(person: Person) -> Condition:
    """Hold for requests that wait for one person, or do as far as is known before the first reading."""
    # With + 0 the database goes through what runs, instead of all that somebody has ever decided.
    is_unread = and_(
        Approval.approver_id + 0 == person.id,
        Approval.state == ApprovalState.PENDING,
        Approval.last_read_at.is_(None),
    )
    is_asked = and_(Approval.state == ApprovalState.PENDING, _is_named(person, (DeciderState.WAITING,)))
    return Condition(
        holds=or_(_has_approval(is_unread), _has_approval(is_asked)),
        streams=(
            Stream(ids=Approval.request_id, belongs=is_unread),
            Stream(ids=Approval.request_id, belongs=is_asked),
        ),
    )


def _is_named(person: Person, states: tuple[DeciderState, ...]) -> ColumnElement[bool]:
    # User ids mean nothing across organisations, and an approval stays in the one its template belongs to.
    codes = select(ApprovalTemplate.id).where(ApprovalTemplate.corp_id == person.corp_id)
    named = select(ApprovalDecider.approval_id).where(
        ApprovalDecider.user_id == person.user_id, ApprovalDecider.state.in_(states)
    )
    return and_(Approval.id.in_(named.correlate(None)), (Approval.template_id + 0).in_(codes.correlate(None)))


def _is_named_here(person: Person) -> ColumnElement[bool]:
    """Hold for approvals of the in-platform channel that somebody decided in another's place."""
    named = select(ApprovalDecider.approval_id).where(ApprovalDecider.user_id == decider_key(person.id))
    return and_(Approval.channel == ChannelName.IN_PLATFORM, Approval.id.in_(named.correlate(None)))


def in_state(wanted: StateFilter) -> Condition:
    """Hold for requests in one of the filter's states."""
    states = _STATES[wanted]
    return Condition(
        holds=AccessRequest.state.in_(states),
        streams=tuple(Stream(ids=AccessRequest.id, belongs=AccessRequest.state == each) for each in states),
    )


def mentions(session: Session, words: str, *, seen: ColumnElement[bool] | None = None) -> Condition | None:
    """Hold where ``words`` begin the number, or stand in the name or user id of the requester or an approver, or in
    the name or the workspace of a resource. None when no number, person or resource is called so.

    ``seen`` holds for the items that whoever searches sees; by others nothing is found. None for all.
    """
    number = number_part(words)
    people = Called.find(session, Person.id, (Person.name, Person.user_id), words)
    resources = Called.find(session, Resource.id, (Resource.name, Resource.workspace), words)
    if number is None and not people.are_any and not resources.are_any:
        return None
    is_frequent = people.are_many or resources.are_many
    return Condition(
        holds=or_(
            *_number_holds(number),
            *_people_hold(people, seen),
            *_resources_hold(resources, seen),
        ),
        streams=() if is_frequent else tuple(_streams(number, people, resources)),
        is_exact=seen is None and (number is None or not number.start),
    )


@dataclass(frozen=True, kw_only=True)
class Called:
    """People or resources called so: their ids, or, when they are many, the statement that finds them."""

    ids: tuple[int, ...]
    statement: Select[tuple[int]]

    @classmethod
    def find(
        cls,
        session: Session,
        id_column: InstrumentedAttribute[int],
        columns: Sequence[InstrumentedAttribute[str] | InstrumentedAttribute[str | None]],
        words: str,
    ) -> Called:
        # SQLite's LIKE knows no capitals: lower() on either side, as icontains does it, would take twice as long.
        contains = "contains" if session.get_bind().dialect.name == "sqlite" else "icontains"
        named = (getattr(each, contains)(words, autoescape=True) for each in columns)
        return cls.found_by(session, select(id_column).where(or_(*named)))

    @classmethod
    def found_by(cls, session: Session, statement: Select[tuple[int]]) -> Called:
        """Return those whose ids a statement finds."""
        ids = session.scalars(statement.limit(MOST_NAMES + 1)).all()
        return cls(ids=tuple(ids), statement=statement.correlate(None))

    @property
    def are_any(self) -> bool:
        return bool(self.ids)

    @property
    def are_many(self) -> bool:
        return len(self.ids) > MOST_NAMES

    def include(self, column: ColumnElement[int] | Column) -> ColumnElement[bool]:
        return column.in_(self.statement if self.are_many else self.ids)


def in_workspaces(workspaces: Collection[int]) -> ColumnElement[bool]:
    """Hold for items that ask for something in one of these workspaces."""
    return exists().where(Resource.id == RequestItem.resource_id, Resource.workspace_id.in_(workspaces))


def asked_about(person: Person) -> ColumnElement[bool]:
    """Hold for items about which somebody decides, has decided or did not in time."""
    now, before = aliased(Approval), aliased(Approval)
    passed_on = exists().where(before.id == now.replaces_id, decides_about(person, before))
    return exists().where(now.id == RequestItem.approval_id, or_(decides_about(person, now), passed_on))


def decides_in(people: Called, *, seen: ColumnElement[bool] | None) -> ColumnElement[bool]:
    """Hold for requests that one of these people decides about, where items are ``seen``, or any with None."""
    # With + 0 the database looks the request's approval up, instead of each person's approvals.
    theirs = people.include(Approval.approver_id + 0)
    if seen is not None:
        theirs = and_(theirs, exists().where(RequestItem.approval_id == Approval.id, seen))
    return _has_approval(theirs)


def _number_holds(number: NumberPart | None) -> Iterator[ColumnElement[bool]]:
    if number is not None:
        ids = or_(*((AccessRequest.id + 0).between(each.start, each.stop - 1) for each in number.ids))
        yield and_(ids, AccessRequest.number.startswith(number.start)) if number.start else ids


def _people_hold(people: Called, seen: ColumnElement[bool] | None) -> Iterator[ColumnElement[bool]]:
    if people.are_any:
        yield people.include(AccessRequest.requester_id)
        yield decides_in(people, seen=seen)


def _resources_hold(resources: Called, seen: ColumnElement[bool] | None) -> Iterator[ColumnElement[bool]]:
    if resources.are_any:
        theirs = resources.include(RequestItem.resource_id + 0)
        found = exists().where(RequestItem.request_id == AccessRequest.id, theirs)
        yield found if seen is None else found.where(seen)


def _has_approval(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Approval.request_id == AccessRequest.id, condition)


def _streams(
    number: NumberPart | None, people: Called, resources: Called
) -> Iterator[IdRange | Stream | StreamsOfMany]:
    for each in number.ids if number else ():
        yield IdRange(ids=each)
    if people.are_any:
        for ids, key in (
            (AccessRequest.id, AccessRequest.requester_id),
            (Approval.request_id, Approval.approver_id),
        ):
            yield StreamsOfMany(ids=ids, key=key, owner_ids=Person.id, owners=people.ids)
    if resources.are_any:
        ids, key = RequestItem.request_id, RequestItem.resource_id
        yield StreamsOfMany(ids=ids, key=key, owner_ids=Resource.id, owners=resources.ids)
