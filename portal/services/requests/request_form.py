"""What a requester submits, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from portal.models import Resource
from portal.rules.entitlement import entitlements_of
from portal.rules.validity import Validity, ValidityFault, check_validity
from portal.services.faults import FieldFault
from portal.services.requests.flow_choices import SentChoice

LONGEST_REASON = 2000


@dataclass(frozen=True, kw_only=True)
class RequestForm:
    """One form. ``submission_key`` comes from it, so that sending twice is one request; ``choices`` are the people
    chosen for a template's own flow."""

    resource_id: int
    entitlement: str
    days: int | None
    until: date | None
    reason: str
    department_id: int | None
    submission_key: str
    choices: tuple[SentChoice, ...] = ()

    @property
    def reason_text(self) -> str:
        """The reason without NUL, which PostgreSQL does not store and nobody types."""
        return self.reason.replace("\x00", "").strip()


def check_form(form: RequestForm, resource: Resource, *, today: date) -> Validity:
    """Return how long access is asked for; raises ``FieldFault`` for what cannot be accepted."""
    if form.entitlement not in entitlements_of(resource.resource_type):
        raise FieldFault("entitlement", "not_for_this_resource")
    if not form.reason_text:
        raise FieldFault("reason", "missing")
    if len(form.reason) > LONGEST_REASON:
        raise FieldFault("reason", "too_long", limit=str(LONGEST_REASON))
    try:
        return check_validity(days=form.days, until=form.until, today=today)
    except ValidityFault as fault:
        raise FieldFault("until" if form.days is None else "days", fault.reason) from fault
