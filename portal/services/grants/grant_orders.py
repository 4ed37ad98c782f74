"""What a target has to know of a grant, read for many at once and put together as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from portal.grants.grant_target import GrantOrder, OtherGrant
from portal.models import AccessRequest, Grant, GrantDelivery, Person, Resource, Workspace
from portal.services.grants.grant_rows import Locked


class Action(StrEnum):
    """What a target is asked for."""

    DELIVER = "deliver"
    REMOVE = "remove"
    CHECK = "check"


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """What stands in other tables than the grant's: ``row`` its names, ``done`` how often each action was done."""

    row: Row[Any]
    done: dict[str, int] = field(default_factory=dict)


def facts_of_orders(session: Session, ids: Sequence[int]) -> dict[int, OrderFacts]:
    """Read the facts of several grants: columns alone, for whole rows bring their relations with them."""
    named = (
        select(
            Grant.id,
            AccessRequest.number,
            Person.user_id,
            Person.union_id,
            Person.name.label("person_name"),
            Resource.resource_type,
            Resource.external_id,
            Resource.name.label("resource_name"),
            Resource.link,
            Workspace.external_id.label("workspace_id"),
        )
        .join(AccessRequest, AccessRequest.id == Grant.request_id)
        .join(Person, Person.id == Grant.person_id)
        .join(Resource, Resource.id == Grant.resource_id)
        .outerjoin(Workspace, Workspace.id == Resource.workspace_id)
        .where(Grant.id.in_(ids))
    )
    facts = {row.id: OrderFacts(row=row) for row in session.execute(named)}
    counted = (
        select(GrantDelivery.grant_id, GrantDelivery.action, func.count())
        .where(GrantDelivery.grant_id.in_(ids), GrantDelivery.is_done)
        .group_by(GrantDelivery.grant_id, GrantDelivery.action)
    )
    for grant_id, action, count in session.execute(counted):
        facts[grant_id].done[action] = count
    return facts


def delivery_id(grant: Grant, facts: OrderFacts, action: Action) -> str:
    """The same for each try until one is done; a restored database gives a grant's id again, but not its moment."""
    done = facts.done.get(action, 0)
    return f"{grant.id}-{int(grant.approved_at.timestamp() * 1000)}-{action}-{done + 1}"


def order_of(found: Locked, facts: OrderFacts, action: Action, *, now: datetime) -> GrantOrder:
    """Put an order together; without a lease so far, nothing can have been sent for the grant."""
    grant, row = found.grant, facts.row
    return GrantOrder(
        grant_id=grant.id,
        delivery_id=delivery_id(grant, facts, action),
        request_number=row.number,
        person_user_id=row.user_id or "",
        person_union_id=row.union_id or "",
        person_name=row.person_name,
        resource_type=row.resource_type,
        resource_id=row.external_id,
        resource_name=row.resource_name,
        workspace_id=row.workspace_id or "",
        link=row.link,
        entitlement=grant.entitlement,
        columns=tuple(grant.columns or ()),
        approved_at=grant.approved_at,
        expires_at=grant.expires_at,
        others=tuple(
            OtherGrant(
                entitlement=each.entitlement,
                columns=tuple(each.columns or ()),
                expires_at=each.expires_at,
            )
            for each in found.in_effect(now)
        ),
        known=dict(grant.delivery or {}),
        is_first_try=grant.leased_until is None,
    )
