"""The items of an approval as its form tells them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import AccessRequest, Approval, RequestItem, Resource
from portal.rules.entitlement import Entitlement
from portal.services.templates.form_values import FormItem


def items_of(session: Session, approval: Approval) -> list[RequestItem]:
    """Return an approval's items in the order in which they were asked for."""
    wanted = select(RequestItem).filter_by(approval_id=approval.id).order_by(RequestItem.id)
    return list(session.scalars(wanted))


def form_items(items: Sequence[RequestItem]) -> list[FormItem]:
    """Return stored items as the form tells them."""
    return [form_item(each.resource, each.entitlement, each.columns or ()) for each in items]


def form_item(resource: Resource, entitlement: str, columns: Sequence[str] = ()) -> FormItem:
    """Return one item as the form tells it: columns by their labels."""
    labels = {str(each["name"]): str(each.get("label") or each["name"]) for each in resource.columns or ()}
    return FormItem(
        resource=resource,
        entitlement=Entitlement(entitlement),
        columns=tuple(labels.get(each, each) for each in columns),
    )


def colleague_in_form(request: AccessRequest) -> str:
    """Return the name of the colleague who gets the access, empty where the requester does."""
    return request.on_behalf_of.name if request.on_behalf_of else ""
