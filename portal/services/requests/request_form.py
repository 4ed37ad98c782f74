"""What a requester submits, and what is wrong with it whoever asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from portal.rules.entitlement import Entitlement, includes
from portal.rules.validity import Validity, ValidityFault, check_validity
from portal.services.faults import FieldFault
from portal.services.requests.flow_choices import SentChoice

LONGEST_REASON = 2000
MOST_ITEMS = 20


@dataclass(frozen=True, kw_only=True)
class AskedItem:
    """One resource and level. ``columns`` are names of masked columns; ``confirmed`` says that the requester
    confirmed what the resource asks for, ``is_meant_again`` that they ask although the same is asked for already."""

    resource_id: int
    entitlement: str
    columns: tuple[str, ...] = ()
    confirmed: bool = False
    is_meant_again: bool = False
    renews_grant_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class RequestForm:
    """One form. ``submission_key`` comes from it, so that sending twice is one request; ``choices`` are the people
    chosen for a template's own flow.

    ``on_behalf_of`` names the colleague who gets the access (see ``Colleagues``), ``approver_ids`` our id of the
    approver picked for each group, ``repeats`` the number of an own request that this one asks for again.
    """

    items: tuple[AskedItem, ...]
    days: int | None
    until: date | None
    reason: str
    department_id: int | None
    submission_key: str
    choices: tuple[SentChoice, ...] = ()
    on_behalf_of: str | None = None
    approver_ids: Mapping[str, int] = field(default_factory=dict)
    repeats: str | None = None

    @property
    def reason_text(self) -> str:
        """The reason without NUL, which PostgreSQL does not store and nobody types."""
        return self.reason.replace("\x00", "").strip()


def check_form(form: RequestForm, *, today: date, longest_days: int) -> Validity:
    """Return how long access is asked for; raises ``FieldFault`` for what cannot be accepted of anybody."""
    check_basket(form.items)
    if not form.reason_text:
        raise FieldFault("reason", "missing")
    if len(form.reason) > LONGEST_REASON:
        raise FieldFault("reason", "too_long", limit=str(LONGEST_REASON))
    try:
        return check_validity(days=form.days, until=form.until, today=today, longest_days=longest_days)
    except ValidityFault as fault:
        field_name = "until" if form.days is None else "days"
        raise FieldFault(field_name, fault.reason, limit=str(longest_days)) from fault


def check_basket(items: Sequence[AskedItem]) -> None:
    """Raise ``FieldFault`` for no item, too many, or one that another of the same form includes."""
    if not items:
        raise FieldFault("resource", "missing", index="0")
    if len(items) > MOST_ITEMS:
        raise FieldFault("resource", "too_many", limit=str(MOST_ITEMS), index=str(MOST_ITEMS))
    for place, item in enumerate(items):
        for earlier in items[:place]:
            if item.resource_id == earlier.resource_id and _overlap(item.entitlement, earlier.entitlement):
                raise FieldFault("entitlement", "twice", index=str(place))


def _overlap(one: str, other: str) -> bool:
    known = set(Entitlement)
    return one in known and other in known and (includes(one, other) or includes(other, one))
