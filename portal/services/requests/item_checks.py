"""What is wrong with an item for the person who would get the access, with what the database knows now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Grant, Person, Resource
from portal.rules.eligibility import LevelOffer
from portal.rules.entitlement import Entitlement
from portal.rules.grant_state import ENDS
from portal.services.catalogue.level_offers import level_offers, masked_columns
from portal.services.faults import FieldFault
from portal.services.requests.held_access import (
    HeldAccess,
    PendingAccess,
    covers,
    held_access,
    pending_access,
)
from portal.services.requests.request_form import AskedItem


@dataclass(frozen=True, kw_only=True)
class CheckedItem:
    """An item that can be stored: ``confirmed`` is the text that the requester confirmed."""

    resource: Resource
    level: Entitlement
    columns: tuple[str, ...]
    confirmed: str
    renews_grant_id: int | None


def resources_of(session: Session, items: Sequence[AskedItem]) -> list[Resource]:
    """Return the resources of the items in their order; raises ``FieldFault`` for one that cannot be asked for."""
    found = []
    for place, item in enumerate(items):
        resource = session.get(Resource, item.resource_id)
        if resource is None or resource.gone_at is not None:
            raise FieldFault("resource", "unknown", index=str(place))
        found.append(resource)
    return found


def check_items(
    session: Session, items: Sequence[AskedItem], *, grantee: Person, at: datetime
) -> list[CheckedItem]:
    """Return the items as they are stored, inside whatever transaction is open.

    Raises ``FieldFault`` with the ``index`` of the item it is about.
    """
    ids = {item.resource_id for item in items}
    _read_at_once = session.scalars(select(Resource).where(Resource.id.in_(ids))).all()
    resources = resources_of(session, items)
    offers = level_offers(session, person=grantee, resources=resources)
    pending = pending_access(session, person_id=grantee.id, resource_ids=ids)
    held = held_access(session, person_id=grantee.id, resource_ids=ids, at=at)
    checked = []
    for place, (item, resource) in enumerate(zip(items, resources, strict=True)):
        level = _level(item, offers[resource.id], place)
        columns = _columns(item, resource, level, place)
        _refuse_what_is_pending(item, level, columns, pending, place)
        if resource.confirmation and not item.confirmed:
            raise FieldFault("confirmed", "missing", index=str(place))
        checked.append(
            CheckedItem(
                resource=resource,
                level=level,
                columns=columns,
                confirmed=resource.confirmation,
                renews_grant_id=_renewed(session, item, grantee, held, level, columns),
            )
        )
    return checked


def _level(item: AskedItem, offers: Sequence[LevelOffer], place: int) -> Entitlement:
    offer = next((each for each in offers if each.level == item.entitlement), None)
    if offer is None:
        raise FieldFault("entitlement", "not_for_this_resource", index=str(place))
    if offer.refusal is not None:
        raise FieldFault("entitlement", f"refused_{offer.refusal}", index=str(place))
    return offer.level


def _columns(item: AskedItem, resource: Resource, level: Entitlement, place: int) -> tuple[str, ...]:
    if level != Entitlement.UNMASK:
        return ()
    known = [str(each["name"]) for each in masked_columns(resource)]
    chosen = tuple(name for name in known if name in item.columns)
    if not chosen:
        raise FieldFault("columns", "missing", index=str(place))
    return chosen


def _refuse_what_is_pending(
    item: AskedItem,
    level: Entitlement,
    columns: tuple[str, ...],
    pending: Sequence[PendingAccess],
    place: int,
) -> None:
    """Two approvals about the same are asked for only by somebody who knows of the first."""
    for known in () if item.is_meant_again else pending:
        if covers(known, resource_id=item.resource_id, level=level, columns=columns):
            raise FieldFault("again", "pending", index=str(place), number=known.number)


def _renewed(
    session: Session,
    item: AskedItem,
    grantee: Person,
    held: Sequence[HeldAccess],
    level: Entitlement,
    columns: tuple[str, ...],
) -> int | None:
    """Return the grant that this prolongs: the one named, else what the person has of the very same."""
    named = session.get(Grant, item.renews_grant_id) if item.renews_grant_id is not None else None
    if named is not None and (named.person_id, named.resource_id) == (grantee.id, item.resource_id):
        return named.id if named.state not in ENDS else None
    same = (each for each in held if each.level == level and set(each.columns) == set(columns))
    return next((each.grant_id for each in same if each.resource_id == item.resource_id), None)
