"""One item as it is drawn: levels with what keeps somebody from them, columns, what must be confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext

from portal.models import Person, Resource
from portal.rules.entitlement import Entitlement
from portal.services.faults import FieldFault
from portal.services.names import entitlement_name
from portal.services.requests.held_access import HeldAccess, PendingAccess
from portal.services.requests.request_offers import ItemOffer
from portal.web.access_requests.basket import SentItem, suffix
from portal.web.words.faults import fault_sentence
from portal.web.words.levels import RefusalWords, level_includes, refusal_words, warning_sentence

# Where a fault of the service stands in an item.
_FIELD_OF_FAULT = {
    "entitlement": "level",
    "columns": "column",
    "confirmed": "confirmed",
    "again": "again",
    "resource": "level",
}


@dataclass(frozen=True, kw_only=True)
class LevelField:
    """One level that can be chosen, or the reason why not."""

    value: str
    name: str
    hint: str
    is_chosen: bool
    refusal: RefusalWords | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class HeldLine:
    """Access in effect; ``grant_id`` is empty where the reader cannot renew it."""

    level: str
    expires_at: datetime | None
    grant_id: int | None
    is_renewed_here: bool


@dataclass(frozen=True, kw_only=True)
class PendingLine:
    """A request that asks for it already; it is a link for whoever asked."""

    number: str
    level: str
    is_own: bool


@dataclass(frozen=True, kw_only=True)
class ItemFields:
    """One item; ``suffix`` ends the names of its fields, ``columns`` are value, label and whether ticked."""

    place: int
    suffix: str
    resource: Resource
    levels: tuple[LevelField, ...]
    columns: tuple[tuple[str, str, bool], ...]
    is_confirmed: bool
    is_meant_again: bool
    renews_grant_id: int | None
    held: tuple[HeldLine, ...]
    pending: tuple[PendingLine, ...]
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_impossible(self) -> bool:
        """Whether there is no level of it that the person can hold."""
        return all(level.refusal is not None for level in self.levels)


def item_fields(
    sent: SentItem,
    offer: ItemOffer,
    *,
    place: int,
    requester: Person,
    is_own: bool,
    is_new: bool,
    errors: Mapping[str, str],
) -> ItemFields:
    """Return what to draw of one item.

    ``is_own`` says that the requester gets the access, ``is_new`` that no level was sent yet: then the lowest that
    the person can hold is chosen, unless the item names one. One that is named and refused is not lowered in silence.
    """
    chosen = sent.level
    if is_new and chosen not in [each.level for each in offer.levels]:
        chosen = next((each.level.value for each in offer.levels if each.refusal is None), "")
    return ItemFields(
        place=place,
        suffix=suffix(place),
        resource=offer.resource,
        levels=tuple(
            LevelField(
                value=each.level.value,
                name=entitlement_name(each.level),
                hint=level_includes(each.level),
                is_chosen=each.level.value == chosen,
                refusal=refusal_words(each.refusal) if each.refusal else None,
                warnings=_warnings(each.level, warning_sentence(each.warning) if each.warning else ""),
            )
            for each in offer.levels
        ),
        columns=tuple((name, label, name in sent.columns) for name, label in offer.columns.items()),
        is_confirmed=sent.is_confirmed,
        is_meant_again=sent.is_meant_again,
        renews_grant_id=sent.renews_grant_id,
        held=_held_lines(offer, is_own=is_own, renewed_id=sent.renews_grant_id),
        pending=_pending_lines(offer, requester),
        errors=errors,
    )


def _held_lines(offer: ItemOffer, *, is_own: bool, renewed_id: int | None) -> tuple[HeldLine, ...]:
    """Return what lasts longest of the same access, and what is renewed."""
    longest: dict[object, HeldAccess] = {}
    for each in offer.held:
        longest.setdefault((each.level, each.columns, each.grant_id == renewed_id), each)
    return tuple(
        HeldLine(
            level=entitlement_name(each.level),
            expires_at=each.expires_at,
            grant_id=each.grant_id if is_own else None,
            is_renewed_here=each.grant_id == renewed_id,
        )
        for each in longest.values()
    )


def _pending_lines(offer: ItemOffer, requester: Person) -> tuple[PendingLine, ...]:
    """Return the newest of those requests that ask for the same."""
    newest: dict[object, PendingAccess] = {}
    for each in offer.pending:
        newest.setdefault((each.requester_id, each.level, each.columns), each)
    return tuple(
        PendingLine(
            number=each.number,
            level=entitlement_name(each.level),
            is_own=each.requester_id == requester.id,
        )
        for each in newest.values()
    )


def errors_of(items: tuple[SentItem, ...], fault: FieldFault | None) -> list[dict[str, str]]:
    """Return for each item its errors by field: what is missing in the form, or the fault that the service found."""
    errors: list[dict[str, str]] = [{} for _ in items]
    if fault is None:
        return [dict(_missing(item)) for item in items]
    place = int(fault.facts.get("index", "0"))
    if fault.field in _FIELD_OF_FAULT and place < len(errors):
        errors[place][_FIELD_OF_FAULT[fault.field]] = fault_sentence(fault)
    return errors


def _missing(item: SentItem) -> Iterator[tuple[str, str]]:
    """What a look at the form alone shows, so that it is all told at once."""
    if not item.level:
        yield "level", gettext("Choose what you need.")
    if item.level == Entitlement.UNMASK and not item.columns:
        yield "column", fault_sentence(FieldFault("columns", "missing"))
    if item.resource.confirmation and not item.is_confirmed:
        yield "confirmed", fault_sentence(FieldFault("confirmed", "missing"))


def is_about_an_item(fault: FieldFault) -> bool:
    """Whether a fault of the service is about one of the items."""
    return fault.field in _FIELD_OF_FAULT


def _warnings(level: Entitlement, of_this_person: str) -> tuple[str, ...]:
    said = [of_this_person] if of_this_person else []
    if level == Entitlement.EDIT:
        said.append(
            gettext("Quick BI itself sets no end to Edit: the portal takes it away when the time is over.")
        )
    return tuple(said)
