"""The whole history of a person or a resource: what was asked, decided, given and ended, kept after it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.extensions import db
from portal.models import AccessRequest, Approval, Grant, Person, RequestItem, Resource
from portal.rules.permissions import Permission
from portal.services.faults import NotThere
from portal.services.lists.keyset_page import page_of_ids
from portal.services.lists.request_filters import about, asked_by_or_for
from portal.services.lists.scope import workspaces_seen
from portal.services.permissions import NotAllowed, may
from portal.services.requests.request_conditions import Called, Condition, any_request

PAGE_LENGTH = 20


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    """Items of up to ``PAGE_LENGTH`` requests, newest first, each with its request, approval and grant."""

    items: Sequence[RequestItem]
    older_than: int | None


@dataclass(frozen=True, kw_only=True)
class Histories:
    """Reads histories, newest first. ``older_than`` is where an earlier page ended (``HistoryPage.older_than``)."""

    def of_person(
        self, viewer: Person, person_id: int, *, older_than: int | None
    ) -> tuple[Person, HistoryPage]:
        """Return somebody's history: their own to everybody, of others to those who read everything.

        Raises ``NotThere``.
        """
        session = db.session()
        person = session.get(Person, person_id)
        if person is None or (person.id != viewer.id and not may(viewer, Permission.READ_EVERYTHING)):
            raise NotThere
        condition = asked_by_or_for(Called.found_by(session, select(Person.id).filter_by(id=person_id)))
        return person, _page(session, condition, older_than=older_than)

    def of_resource(
        self, viewer: Person, resource_id: int, *, older_than: int | None
    ) -> tuple[Resource, HistoryPage]:
        """Return a resource's history to its owner, its workspace's administrators and those who read everything.

        Raises ``NotThere``.
        """
        session = db.session()
        resource = session.get(Resource, resource_id)
        if resource is None or not _sees(session, viewer, resource):
            raise NotThere
        condition = about(Called.found_by(session, select(Resource.id).filter_by(id=resource_id)))
        only = RequestItem.resource_id == resource_id
        return resource, _page(session, condition, older_than=older_than, only=only)


def _page(
    session: Session,
    condition: Condition,
    *,
    older_than: int | None,
    only: ColumnElement[bool] | None = None,
) -> HistoryPage:
    found = page_of_ids(session, [condition], older_than=older_than, rows=PAGE_LENGTH, anything=any_request())
    if not found.ids:
        return HistoryPage(items=(), older_than=None)
    wanted = select(RequestItem).where(RequestItem.request_id.in_(found.ids))
    if only is not None:
        wanted = wanted.where(only)
    items = session.scalars(
        wanted.options(*_what_is_shown()).order_by(RequestItem.request_id.desc(), RequestItem.id)
    ).all()
    return HistoryPage(items=items, older_than=found.older_than)


def _what_is_shown() -> tuple[Any, ...]:
    approval = joinedload(RequestItem.approval)
    return (
        joinedload(RequestItem.request).joinedload(AccessRequest.on_behalf_of),
        joinedload(RequestItem.request).lazyload(AccessRequest.approvals),
        joinedload(RequestItem.resource).lazyload(Resource.owner),
        approval.joinedload(Approval.approver),
        approval.joinedload(Approval.decided_by),
        approval.lazyload(Approval.template),
        selectinload(RequestItem.grant).joinedload(Grant.ended_by),
    )


def _sees(session: Session, viewer: Person, resource: Resource) -> bool:
    if resource.owner_id == viewer.id and viewer.is_active:
        return True
    try:
        workspaces = workspaces_seen(session, viewer)
    except NotAllowed:
        return False
    return workspaces is None or resource.workspace_id in workspaces
