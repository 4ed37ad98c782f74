"""Entry points, time limits and the usual grant target, as an admin types them."""

from __future__ import annotations

from typing import Any, Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, ValidationError
from wtforms.validators import Optional as Empty

from portal.grants.grant_target import TargetName
from portal.models import ApprovalSettings
from portal.services.faults import FieldFault
from portal.services.request_rules import Rules
from portal.web.words.faults import fault_sentence

_TARGETS = {
    TargetName.MANUAL: _("By hand"),
    TargetName.WEBHOOK: _("Webhook"),
    TargetName.QUICKBI: _("Quick BI"),
}
_CHOICES = [SelectChoice(value=target.value, label=name) for target, name in _TARGETS.items()]
_NUMBERS = (
    "escalates_after_days",
    "lapses_after_days",
    "nudge_pause_hours",
    "usual_days",
    "longest_days",
)


def _whole(_form: object, field: Field) -> None:
    if field.data and _number(field.data) is None:
        raise ValidationError(str(_("Enter a whole number.")))


class RequestRulesForm(FlaskForm):  # type: ignore[misc]
    """All in one form; ``version`` is that of the settings the admin saw."""

    is_data_work_entry_on = BooleanField(_("Resources can be asked for"))
    is_column_entry_on = BooleanField(_("Masked columns can be asked for"))
    usual_days = StringField(_("Usual duration in days"), [InputRequired(), _whole])
    longest_days = StringField(_("Longest duration in days"), [InputRequired(), _whole])
    escalates_after_days = StringField(_("Days until the next kind of approver is asked"), [Empty(), _whole])
    lapses_after_days = StringField(_("Days until a request lapses"), [Empty(), _whole])
    nudge_pause_hours = StringField(_("Hours between two reminders"), [InputRequired(), _whole])
    grant_target = RadioField(_("Who or what gives access"), [InputRequired()], choices=_CHOICES)
    version = HiddenField()

    @classmethod
    def of(cls, settings: ApprovalSettings) -> Self:
        """Return the form for the stored settings."""
        numbers = {name: getattr(settings, name) for name in _NUMBERS}
        return cls(
            formdata=None,
            is_data_work_entry_on=settings.is_data_work_entry_on,
            is_column_entry_on=settings.is_column_entry_on,
            grant_target=settings.grant_target,
            version=str(settings.version),
            **{name: "" if number is None else str(number) for name, number in numbers.items()},
        )

    def rules(self) -> Rules:
        """Return what was typed; after ``validate`` it makes sense but may be out of range."""
        return Rules(
            is_data_work_entry_on=self.is_data_work_entry_on.data,
            is_column_entry_on=self.is_column_entry_on.data,
            grant_target=TargetName(self.grant_target.data),
            **{name: _number(self[name].data) for name in _NUMBERS},
        )

    def mark(self, fault: FieldFault) -> None:
        """Put a fault that the service found beside its field."""
        field: Any = self[fault.field]
        field.errors = [fault_sentence(fault)]


def _number(typed: str | None) -> int | None:
    typed = (typed or "").strip()
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 7 else None
