"""What of a request somebody sees: all of it, or only what they decide about or what is in their workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.models import AccessRequest, Approval, Person, RequestItem
from portal.rules.permissions import Permission
from portal.services.administered import administered_workspaces
from portal.services.outcomes.deciders import decides_about, stands_in
from portal.services.permissions import may


@dataclass(frozen=True, kw_only=True)
class RequestPart:
    """A request as one person sees it: the items and approvals that are theirs to see, in their order.

    ``is_whole`` tells that nothing is kept from them.
    """

    request: AccessRequest
    items: tuple[RequestItem, ...]
    approvals: tuple[Approval, ...]
    is_whole: bool

    @property
    def hidden_count(self) -> int:
        """How many items are not theirs to see."""
        return len(self.request.items) - len(self.items)


def parts_seen(
    session: Session, person: Person, requests: Sequence[AccessRequest], *, on: date
) -> list[RequestPart]:
    """Return what the person sees of each request, in as many statements for twenty of them as for one.

    Its requester, who gets the access and whoever reads everything see the whole; who decides sees the items of their
    approvals, also where these were passed on; an administrator of a workspace sees its items. ``on`` is the day, for
    those who stand in for somebody on leave.
    """
    partly = (
        []
        if may(person, Permission.READ_EVERYTHING)
        else [each for each in requests if not _own(each, person)]
    )
    partly_ids = {each.id for each in partly}
    decided = _decided(session, person, partly_ids, on=on) if partly else frozenset[int]()
    workspaces = session.scalars(administered_workspaces(person.id)).all() if partly else ()
    return [_part(each, decided, workspaces) if each.id in partly_ids else _whole(each) for each in requests]


def _own(request: AccessRequest, person: Person) -> bool:
    return person.id in (request.requester_id, request.on_behalf_of_id)


def _whole(request: AccessRequest) -> RequestPart:
    return RequestPart(
        request=request, items=tuple(request.items), approvals=tuple(request.approvals), is_whole=True
    )


def _part(request: AccessRequest, decided: frozenset[int], workspaces: Sequence[int]) -> RequestPart:
    theirs = set(decided)
    for approval in sorted(request.approvals, key=lambda each: each.id):
        if approval.replaces_id in theirs:
            theirs.add(approval.id)  # the items were passed on with it
    items = tuple(
        each
        for each in request.items
        if each.approval_id in theirs or each.resource.workspace_id in workspaces
    )
    seen = {each.approval_id for each in items}
    for approval in sorted(request.approvals, key=lambda each: -each.id):
        if approval.id in seen and approval.replaces_id is not None:
            seen.add(approval.replaces_id)
    approvals = tuple(each for each in request.approvals if each.id in seen)
    return RequestPart(request=request, items=items, approvals=approvals, is_whole=False)


def _decided(session: Session, person: Person, request_ids: set[int], *, on: date) -> frozenset[int]:
    """Return the ids of those approvals of some requests that the person decides, decided or was asked about."""
    theirs = or_(decides_about(person), stands_in(person, on=on))
    return frozenset(session.scalars(select(Approval.id).where(Approval.request_id.in_(request_ids), theirs)))
