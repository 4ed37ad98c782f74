"""The part of the form that is about the whole request; what only the database knows is checked by the service."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import DateInput, NumberInput

from portal.rules.validity import PRESET_DAYS
from portal.services.faults import FieldFault
from portal.services.requests.flow_choices import SentChoice
from portal.services.requests.request_form import RequestForm
from portal.web.access_requests.basket import SentItem, whole_number
from portal.web.words.faults import fault_sentence

UNTIL_A_DATE = "until"
OTHER_DAYS = "other"

# Which of our fields a fault of the service belongs to.
_FIELD_OF_FAULT = {
    "days": "validity",
    "until": "until",
    "reason": "reason",
    "department": "department",
    "on_behalf_of": "on_behalf_of",
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


def _known_key(sent: str | None) -> str:
    return sent if sent and re.fullmatch(r"[0-9a-f]{32}", sent) else secrets.token_hex(16)


def _short_text(sent: str | None) -> str:
    return text_of(sent)[:64]


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


class NeededForOtherDays:
    """The field must hold a number while "Another number of days" is chosen, and does not count otherwise."""

    field_flags: ClassVar = {"required": True}

    def __call__(self, form: AccessRequestForm, field: Field) -> None:
        """Raise ``ValidationError`` for anything that is no number."""
        if form.validity.data == OTHER_DAYS and whole_number((field.data or "").strip()) is None:
            raise ValidationError(gettext("Enter a whole number of days."))


class AccessRequestForm(FlaskForm):  # type: ignore[misc]
    """How long, why and for whom; the items are read by ``basket``."""

    submission_key = HiddenField(filters=[_known_key], render_kw={"autocomplete": "off"})
    on_behalf_of = HiddenField(filters=[_short_text], render_kw={"autocomplete": "off"})
    repeats = HiddenField(filters=[_short_text], render_kw={"autocomplete": "off"})
    validity = RadioField(
        _l("For how long?"), [InputRequired(_l("Choose for how long."))], validate_choice=False
    )
    days = StringField(
        _l("Number of days"), [NeededForOtherDays()], widget=NumberInput(), filters=[_short_text]
    )
    until = StringField(_l("Last day"), [NeededForADate()], widget=DateInput(), filters=[text_of])
    reason = TextAreaField(
        _l("Why do you need it?"), [InputRequired(_l("Say why you need it."))], filters=[text_of]
    )
    department = SelectField(_l("In which department do you ask?"), validate_choice=False)

    def offer(self, *, departments: Mapping[int, str], usual_days: int, longest_days: int) -> None:
        """Fill in what can be chosen by a member of these departments (directory id to name)."""
        presets = {days: PRESETS[days] for days in PRESET_DAYS if days <= longest_days}
        self.validity.choices = [
            *((str(days), words) for days, words in presets.items()),
            (OTHER_DAYS, gettext("Another number of days")),
            (UNTIL_A_DATE, gettext("Until a date")),
        ]
        if not self.is_submitted() and self.validity.data is None:
            self.begin_with(days=usual_days, longest_days=longest_days)
        self.department.choices = [
            (str(each), name or gettext("Department %(id)s", id=each)) for each, name in departments.items()
        ]

    def begin_with(self, *, days: int, longest_days: int) -> None:
        """Choose a number of days to begin with, as a preset where it is one."""
        days = min(days, longest_days)
        self.validity.process_data(str(days) if days in PRESET_DAYS else OTHER_DAYS)
        if days not in PRESET_DAYS:
            self.days.process_data(str(days))

    def validate_validity(self, field: Field) -> None:
        """Refuse what is neither a number of days nor one of the other choices."""
        if field.data and field.data not in (UNTIL_A_DATE, OTHER_DAYS) and whole_number(field.data) is None:
            raise ValidationError(gettext("Choose for how long."))

    def validate_department(self, field: Field) -> None:
        """Refuse what is no number."""
        if field.data and whole_number(field.data) is None:
            raise ValidationError(gettext("Choose one of your departments."))

    def asked(
        self,
        items: Iterable[SentItem],
        *,
        choices: tuple[SentChoice, ...] = (),
        approver_ids: Mapping[str, int] | None = None,
    ) -> RequestForm:
        """Return what was asked for, in the service's terms; before ``validate`` it may make no sense."""
        has_end_date = self.validity.data == UNTIL_A_DATE
        days = self.days.data if self.validity.data == OTHER_DAYS else self.validity.data
        return RequestForm(
            items=tuple(each.asked() for each in items),
            days=None if has_end_date else whole_number((days or "").strip()),
            until=_day(self.until.data) if has_end_date else None,
            reason=self.reason.data or "",
            department_id=whole_number(self.department.data),
            submission_key=self.submission_key.data or "",
            choices=choices,
            on_behalf_of=self.on_behalf_of.data or None,
            approver_ids=approver_ids or {},
            repeats=self.repeats.data or None,
        )

    def mark(self, fault: FieldFault) -> None:
        """Put a fault that the service found beside its field; one of a flow's node stands in the summary too."""
        if fault.field == "choice":
            said = gettext("%(node)s: %(fault)s", node=fault.facts["node"], fault=fault_sentence(fault))
            self.form_errors = [said if fault.facts["node"] else fault_sentence(fault)]
            return
        name = _FIELD_OF_FAULT[fault.field]
        if fault.field == "days" and self.validity.data == OTHER_DAYS:
            name = "days"
        field: Any = self[name]
        field.errors = [fault_sentence(fault)]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None
