"""What a form begins with when somebody asks again: for a request of theirs, or to prolong a grant of theirs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.extensions import db
from portal.models import AccessRequest, Grant, Person, RequestItem
from portal.rules.grant_state import ENDS
from portal.services.requests.colleagues import key_of


@dataclass(frozen=True, kw_only=True)
class BeginningItem:
    """One item to begin with."""

    resource_id: int
    level: str
    columns: tuple[str, ...] = ()
    renews_grant_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What a form begins with; ``days`` is empty where the earlier request had a last day."""

    items: tuple[BeginningItem, ...]
    days: int | None
    reason: str
    repeats: str | None = None
    on_behalf_of: str | None = None


@dataclass(frozen=True, kw_only=True)
class Prefilling:
    """Reads one's own requests and grants only; others' are as if they did not exist."""

    def of_request(self, person: Person, number: str, *, position: int | None = None) -> Beginning | None:
        """Return what one's own request of this number asked for, as far as it can still be asked for.

        ``position`` is that of the approval whose items alone are wanted.
        """
        request = db.session.scalar(select(AccessRequest).filter_by(number=number, requester_id=person.id))
        if request is None:
            return None
        wanted = (each for each in request.items if position in (None, each.approval.position))
        items = sorted(wanted, key=lambda each: each.id)
        colleague = request.on_behalf_of
        return Beginning(
            items=tuple(_again(each) for each in items if each.resource.gone_at is None),
            days=request.requested_duration_days,
            reason=request.reason,
            repeats=request.number,
            on_behalf_of=key_of(colleague) if colleague is not None and colleague.is_active else None,
        )

    def of_grant(self, person: Person, grant_id: int) -> Beginning | None:
        """Return how to prolong one's own grant, or None where there is none that has not ended."""
        grant = db.session.get(Grant, grant_id)
        if grant is None or grant.person_id != person.id or grant.state in ENDS:
            return None
        if grant.resource.gone_at is not None:
            return None
        item = BeginningItem(
            resource_id=grant.resource_id,
            level=grant.entitlement,
            columns=tuple(grant.columns or ()),
            renews_grant_id=grant.id,
        )
        return Beginning(
            items=(item,), days=grant.request.requested_duration_days, reason=grant.request.reason
        )


def _again(item: RequestItem) -> BeginningItem:
    return BeginningItem(
        resource_id=item.resource_id, level=item.entitlement, columns=tuple(item.columns or ())
    )
