"""The form in which a person asks for access; what only the database knows is checked by the service."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import DateInput

from portal.models import Resource
from portal.rules.entitlement import entitlements_of
from portal.rules.validity import PRESET_DAYS
from portal.services.faults import FieldFault
from portal.services.names import entitlement_name
from portal.services.requests.flow_choices import SentChoice
from portal.services.requests.request_form import RequestForm
from portal.web.words.faults import fault_sentence

UNTIL_A_DATE = "until"
USUAL_DAYS = 30

# Which of our fields a fault of the service belongs to.
_FIELD_OF_FAULT = {
    "entitlement": "level",
    "days": "validity",
    "until": "until",
    "reason": "reason",
    "department": "department",
}
PRESETS = {
    1: _l("1 day"),
    3: _l("3 days"),
    7: _l("1 week (7 days)"),
    30: _l("1 month (30 days)"),
    90: _l("3 months (90 days)"),
}


def text_of(typed: str | None) -> str:
    """Return what was typed, with line breaks as we store them and without NUL, which no database takes."""
    return (typed or "").replace("\x00", "").replace("\r\n", "\n")


def whole_number(text: str | None) -> int | None:
    """Return the number in ``text``, or None when there is none that a database could hold."""
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,18}", text) else None


def _known_key(sent: str | None) -> str:
    return sent if sent and re.fullmatch(r"[0-9a-f]{32}", sent) else secrets.token_hex(16)


class NeededForADate:
    """The field must hold a date while "Until a date" is chosen, and does not count otherwise."""

    field_flags: ClassVar = {"required": True}

    def __call__(self, form: AccessRequestForm, field: Field) -> None:
        """Raise ``ValidationError`` for a missing date, and for text that is none."""
        if form.validity.data != UNTIL_A_DATE:
            return
        if not field.data:
            raise ValidationError(fault_sentence(FieldFault("until", "missing")))
        if _day(field.data) is None:
            raise ValidationError(gettext("Enter a date like 2027-03-31."))


class AccessRequestForm(FlaskForm):  # type: ignore[misc]
    """One resource, named as the deep link names it; ``level`` is the entitlement."""

    submission_key = HiddenField(filters=[_known_key], render_kw={"autocomplete": "off"})
    resource_type = HiddenField()
    resource_id = HiddenField()
    level = RadioField(
        _l("What do you need?"), [InputRequired(_l("Choose what you need."))], validate_choice=False
    )
    validity = RadioField(
        _l("For how long?"),
        [InputRequired(_l("Choose for how long."))],
        default=str(USUAL_DAYS),
        validate_choice=False,
    )
    until = StringField(_l("Last day"), [NeededForADate()], widget=DateInput(), filters=[text_of])
    reason = TextAreaField(
        _l("Why do you need it?"), [InputRequired(_l("Say why you need it."))], filters=[text_of]
    )
    department = SelectField(_l("In which department do you ask?"), validate_choice=False)

    def offer(self, *, resource: Resource, departments: Mapping[int, str]) -> None:
        """Fill in what can be chosen for this resource by a member of these departments (directory id to name)."""
        self.resource_type.process_data(resource.resource_type)
        self.resource_id.process_data(resource.external_id)
        levels = entitlements_of(resource.resource_type)
        self.level.choices = [(level.value, entitlement_name(level)) for level in levels]
        if not self.is_submitted() and self.level.data not in {level.value for level in levels}:
            self.level.process_data(levels[0].value if levels else None)
        presets = [(str(days), PRESETS[days]) for days in PRESET_DAYS]
        self.validity.choices = [*presets, (UNTIL_A_DATE, gettext("Until a date"))]
        self.department.choices = [
            (str(each), name or gettext("Department %(id)s", id=each)) for each, name in departments.items()
        ]

    def validate_validity(self, field: Field) -> None:
        """Refuse what is neither a number of days nor the choice of a date."""
        if field.data and field.data != UNTIL_A_DATE and whole_number(field.data) is None:
            raise ValidationError(gettext("Choose for how long."))

    def validate_department(self, field: Field) -> None:
        """Refuse what is no number."""
        if field.data and whole_number(field.data) is None:
            raise ValidationError(gettext("Choose one of your departments."))

    def asked(self, resource: Resource, *, choices: tuple[SentChoice, ...] = ()) -> RequestForm:
        """Return what was asked for, in the service's terms; before ``validate`` it may make no sense."""
        has_end_date = self.validity.data == UNTIL_A_DATE
        return RequestForm(
            resource_id=resource.id,
            entitlement=self.level.data or "",
            days=None if has_end_date else whole_number(self.validity.data),
            until=_day(self.until.data) if has_end_date else None,
            reason=self.reason.data or "",
            department_id=whole_number(self.department.data),
            submission_key=self.submission_key.data or "",
            choices=choices,
        )

    def mark(self, fault: FieldFault) -> None:
        """Put a fault that the service found beside its field; one of a flow's node stands in the summary too."""
        if fault.field == "choice":
            said = gettext("%(node)s: %(fault)s", node=fault.facts["node"], fault=fault_sentence(fault))
            self.form_errors = [said if fault.facts["node"] else fault_sentence(fault)]
            return
        field: Any = self[_FIELD_OF_FAULT[fault.field]]
        field.errors = [fault_sentence(fault)]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None
