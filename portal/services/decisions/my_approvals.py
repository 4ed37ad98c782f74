"""The approvals of one person: those that wait for their decision, and those that they are done with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Date, Integer, Select, String, bindparam, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.extensions import db
from portal.models import (
    AccessRequest,
    Approval,
    ApprovalDecider,
    ApprovalTemplate,
    Grant,
    Person,
    RequestItem,
    Resource,
)
from portal.models.approval import DeciderState
from portal.rules.approval_state import ApprovalState
from portal.rules.grant_state import ENDS
from portal.rules.organisation_day import organisation_day
from portal.rules.request_number import LARGEST_ID
from portal.services.decisions.decider_key import KEY_START, decider_key
from portal.services.decisions.standing_in import decides_for

PAGE_LENGTH = 20
COUNTED_UP_TO = 100
_IS_HERE = Approval.channel == ChannelName.IN_PLATFORM


@dataclass(frozen=True, kw_only=True)
class MyApproval:
    """One approval with what its decision needs. ``held`` is the access that the person who is to get it has now.

    ``is_decided_here`` says that it is decided in the portal, else it is in DingTalk.
    """

    approval: Approval
    request: AccessRequest
    items: tuple[RequestItem, ...]
    held: tuple[Grant, ...]
    is_decided_here: bool


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One page; ``next_id`` is where the next one begins, None when there is nothing more."""

    approvals: tuple[MyApproval, ...]
    next_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class MyApprovals:
    """Reads; changes nothing."""

    clock: Clock
    page_length: int = field(default=PAGE_LENGTH)

    def pending(self, person: Person, *, after: int | None = None) -> Listed:
        """Return what waits for a person's decision, those that have waited longest first."""
        chosen = _whole().where(Approval.id.in_(_waiting()), Approval.id > (after or 0)).order_by(Approval.id)
        return self._listed(person, chosen)

    def handled(self, person: Person, *, before: int | None = None) -> Listed:
        """Return what a person is done with, the newest first: decided by them, or over before they did."""
        limit = LARGEST_ID if before is None else min(before, LARGEST_ID)
        chosen = (
            _whole()
            .where(Approval.id.in_(self._done_with(person, before=limit)))
            .order_by(Approval.id.desc())
        )
        return self._listed(person, chosen)

    def count_pending(self, person: Person) -> int:
        """Count what waits for a person, up to ``COUNTED_UP_TO``; every page shows it.

        What was just started in DingTalk and not read there yet is left out: finding it would take as long as there
        are approvals that run.
        """
        return db.session.scalar(_count(), self._of(person)) or 0

    def _of(self, person: Person) -> dict[str, Any]:
        return {
            "person_id": person.id,
            "user_id": person.user_id,
            "corp_id": person.corp_id,
            "today": organisation_day(self.clock.now()),
        }

    def _done_with(self, person: Person, *, before: int) -> Select[tuple[int]]:
        here = _asked().where(
            ApprovalDecider.user_id == decider_key(person.id),
            ApprovalDecider.state == DeciderState.DONE,
            _IS_HERE,
        )
        newest = (
            each.where(ApprovalDecider.approval_id < before)
            .order_by(ApprovalDecider.approval_id.desc())
            .limit(self.page_length + 1)
            .subquery()
            for each in (here, _in_dingtalk(DeciderState.DONE))
        )
        both = union_all(*(select(each.c[0]) for each in newest)).subquery()
        return select(both.c[0])

    def _listed(self, person: Person, chosen: Select[tuple[Approval]]) -> Listed:
        session = db.session()
        rows = session.scalars(chosen.limit(self.page_length + 1), self._of(person)).all()
        shown = rows[: self.page_length]
        items = _items(session, shown)
        held = self._held(session, shown, items)
        return Listed(
            approvals=tuple(_mine(row, items.get(row.id, ()), held) for row in shown),
            next_id=shown[-1].id if len(rows) > len(shown) else None,
        )

    def _held(
        self, session: Session, rows: Sequence[Approval], items: Mapping[int, Sequence[RequestItem]]
    ) -> Sequence[Grant]:
        people = {row.request.grantee_id for row in rows if row.request}
        resources = {item.resource_id for of_one in items.values() for item in of_one}
        if not people:
            return ()
        return session.scalars(
            select(Grant)
            .where(
                Grant.person_id.in_(people),
                Grant.resource_id.in_(resources),
                Grant.state.not_in(ENDS),
                Grant.ending.is_(None),
                or_(Grant.expires_at.is_(None), Grant.expires_at > self.clock.now()),
            )
            .order_by(Grant.id)
        ).all()


def _asked() -> Select[tuple[int]]:
    return select(ApprovalDecider.approval_id).join(Approval, Approval.id == ApprovalDecider.approval_id)


@cache
def _waiting(*, with_unread: bool = True) -> Select[tuple[int]]:
    """The ids of what waits for a person (see ``_of``); nobody decides about what they asked for or get themselves.

    Built once: every page counts, and putting a statement together takes longer than answering it.
    """
    person_id = bindparam("person_id", type_=Integer)
    people = decides_for(person_id, on=bindparam("today", type_=Date)).subquery()
    here = _asked().where(
        ApprovalDecider.user_id.in_(select(literal(KEY_START) + cast(people.c.person_id, String))),
        ApprovalDecider.state == DeciderState.WAITING,
        _IS_HERE,
    )
    # With + 0 the database goes through what runs, instead of all that somebody has ever decided.
    unread = select(Approval.id).where(
        Approval.approver_id + 0 == person_id,
        Approval.state == ApprovalState.PENDING,
        Approval.channel == ChannelName.DINGTALK,
        Approval.last_read_at.is_(None),
    )
    ids = union_all(here, _in_dingtalk(DeciderState.WAITING), *((unread,) if with_unread else ()))
    return (
        select(Approval.id)
        .join(AccessRequest, AccessRequest.id == Approval.request_id)
        .where(
            Approval.id.in_(ids),
            Approval.state == ApprovalState.PENDING,
            AccessRequest.requester_id != person_id,
            or_(AccessRequest.on_behalf_of_id.is_(None), AccessRequest.on_behalf_of_id != person_id),
        )
    )


@cache
def _count() -> Select[tuple[int]]:
    some = _waiting(with_unread=False).limit(COUNTED_UP_TO).subquery()
    return select(func.count()).select_from(some)


def _in_dingtalk(state: DeciderState) -> Select[tuple[int]]:
    # User ids mean nothing across organisations, and an approval stays in the one its template belongs to.
    return (
        _asked()
        .join(ApprovalTemplate, ApprovalTemplate.id == Approval.template_id)
        .where(
            ApprovalDecider.user_id == bindparam("user_id", type_=String),
            ApprovalDecider.state == state,
            ApprovalTemplate.corp_id == bindparam("corp_id", type_=String),
        )
    )


def _whole() -> Select[tuple[Approval]]:
    request = joinedload(Approval.request)
    return select(Approval).options(
        request.joinedload(AccessRequest.on_behalf_of),
        request.lazyload(AccessRequest.approvals),
        joinedload(Approval.stands_in_for),
        joinedload(Approval.decided_by),
    )


def _items(session: Session, rows: Sequence[Approval]) -> dict[int, tuple[RequestItem, ...]]:
    found = session.scalars(
        select(RequestItem)
        .where(RequestItem.approval_id.in_([row.id for row in rows]))
        .options(selectinload(RequestItem.resource).lazyload(Resource.owner))
        .order_by(RequestItem.id)
    )
    items: dict[int, tuple[RequestItem, ...]] = {}
    for item in found:
        items[item.approval_id] = (*items.get(item.approval_id, ()), item)
    return items


def _mine(row: Approval, items: tuple[RequestItem, ...], held: Sequence[Grant]) -> MyApproval:
    request = row.request
    assert request is not None  # noqa: S101  approvals of Tests are nobody's
    wanted = {item.resource_id for item in items}
    return MyApproval(
        approval=row,
        request=request,
        items=items,
        held=tuple(
            each for each in held if each.person_id == request.grantee_id and each.resource_id in wanted
        ),
        is_decided_here=row.channel == ChannelName.IN_PLATFORM,
    )
