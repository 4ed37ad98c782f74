"""The items of a form: resources and levels as a deep link or a sent form names them, in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from portal.models import Resource
from portal.services.registry import services
from portal.services.requests.prefilling import BeginningItem
from portal.services.requests.request_form import MOST_ITEMS, AskedItem

MOST_COLUMNS = 500
LONGEST_KEY = 200


@dataclass(frozen=True, kw_only=True)
class SentItem:
    """One item as it was sent or linked; whether it can be asked for is found out by the service."""

    resource: Resource
    level: str = ""
    columns: tuple[str, ...] = ()
    is_confirmed: bool = False
    is_meant_again: bool = False
    renews_grant_id: int | None = None

    def asked(self) -> AskedItem:
        """Return it in the service's terms."""
        return AskedItem(
            resource_id=self.resource.id,
            entitlement=self.level,
            columns=self.columns,
            confirmed=self.is_confirmed,
            is_meant_again=self.is_meant_again,
            renews_grant_id=self.renews_grant_id,
        )


@dataclass(frozen=True, kw_only=True)
class Basket:
    """The items whose resources there are, and how many named one that there is not."""

    items: tuple[SentItem, ...]
    lost: int

    def with_another(self, resource: Resource) -> Basket:
        """Return a basket that holds this resource too; one that it holds already is not doubled."""
        if any(each.resource.id == resource.id for each in self.items):
            return self
        return replace(self, items=(*self.items, SentItem(resource=resource)))

    def without(self, place: int) -> Basket:
        """Return a basket without the item at a place; the last one stays."""
        if len(self.items) < 2:
            return self
        return replace(self, items=tuple(each for at, each in enumerate(self.items) if at != place))


def suffix(place: int) -> str:
    """Return what the names of an item's fields end in; those of the first are the plain ones."""
    return f"-{place}" if place else ""


def linked_basket(arguments: MultiDict[str, str]) -> Basket:
    """Return what a deep link asks for: ``resource_type`` and ``resource_id`` in pairs, ``level``, ``columns``."""
    levels, columns = arguments.getlist("level"), arguments.getlist("columns")
    found = []
    pairs = _pairs(arguments)
    if not pairs and ("resource_type" in arguments or "resource_id" in arguments):
        return Basket(items=(), lost=1)
    for place, (resource_type, resource_id) in enumerate(pairs):
        resource = _resource(resource_type, resource_id)
        if resource is not None:
            found.append(
                SentItem(
                    resource=resource,
                    level=levels[place] if place < len(levels) else "",
                    columns=_names(columns[place].split(",") if place < len(columns) else ()),
                )
            )
    return Basket(items=tuple(found), lost=len(pairs) - len(found))


def sent_basket(sent: MultiDict[str, str]) -> Basket:
    """Return the items of a sent form."""
    found = []
    pairs = _pairs(sent)
    for place, (resource_type, resource_id) in enumerate(pairs):
        resource = _resource(resource_type, resource_id)
        end = suffix(place)
        if resource is not None:
            found.append(
                SentItem(
                    resource=resource,
                    level=sent.get(f"level{end}", ""),
                    columns=_names(sent.getlist(f"column{end}")),
                    is_confirmed=f"confirmed{end}" in sent,
                    is_meant_again=f"again{end}" in sent,
                    renews_grant_id=whole_number(sent.get(f"renews{end}")),
                )
            )
    return Basket(items=tuple(found), lost=len(pairs) - len(found))


def basket_of(beginning: Sequence[BeginningItem]) -> Basket:
    """Return the items that somebody asks for again."""
    found = []
    for each in beginning:
        resource = services().catalogue.get(each.resource_id)
        if resource is not None:
            found.append(
                SentItem(
                    resource=resource,
                    level=each.level,
                    columns=each.columns,
                    renews_grant_id=each.renews_grant_id,
                )
            )
    return Basket(items=tuple(found), lost=len(beginning) - len(found))


def whole_number(text: str | None) -> int | None:
    """Return the number in ``text``, or None when there is none that a database could hold."""
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,18}", text) else None


def _pairs(named: MultiDict[str, str]) -> list[tuple[str, str]]:
    # One more than a request may hold is kept, so that too many are told and not cut off in silence.
    types, ids = named.getlist("resource_type"), named.getlist("resource_id")
    return list(zip(types, ids, strict=False))[: MOST_ITEMS + 1]


def _resource(resource_type: str, external_id: str) -> Resource | None:
    typed = [each.replace("\x00", "").strip() for each in (resource_type, external_id)]
    if not all(typed):
        return None
    found = services().catalogue.find(resource_type=typed[0], external_id=typed[1])
    return found if found is not None and found.gone_at is None else None


def _names(columns: Sequence[str]) -> tuple[str, ...]:
    named = [each.strip()[:LONGEST_KEY] for each in columns[:MOST_COLUMNS]]
    return tuple(dict.fromkeys(each for each in named if each))
