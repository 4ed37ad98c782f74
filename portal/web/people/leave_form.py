"""From when to when somebody is on leave, and who decides instead."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired
from wtforms.widgets import DateInput

from portal.models import Absence
from portal.services.absences import Leave
from portal.services.faults import FieldFault
from portal.web.people.picker import reference_of
from portal.web.words.faults import fault_sentence


class LeaveForm(FlaskForm):  # type: ignore[misc]
    """Days as their field sends them; ``delegate`` is what the picker sends."""

    starts_on = StringField(_("First day"), [InputRequired()], widget=DateInput())
    ends_on = StringField(_("Last day"), [InputRequired()], widget=DateInput())
    delegate = HiddenField(_("Who decides instead"))

    @classmethod
    def of(cls, absence: Absence | None) -> Self:
        """Return the form for the stored leave, empty without one."""
        if absence is None:
            return cls(formdata=None)
        return cls(
            formdata=None,
            starts_on=absence.starts_on.isoformat(),
            ends_on=absence.ends_on.isoformat(),
            delegate=reference_of(absence.delegate),
        )

    def leave(self, *, delegate_id: int | None) -> Leave:
        """Return what was typed; ``delegate_id`` is our id of who was picked."""
        return Leave(
            delegate_id=delegate_id, starts_on=_day(self.starts_on.data), ends_on=_day(self.ends_on.data)
        )

    def mark(self, fault: FieldFault) -> None:
        """Put a fault that the service found beside its field."""
        name = "delegate" if fault.field == "person" else fault.field
        field: Any = self[name]
        field.errors = [fault_sentence(fault)]


def _day(typed: str | None) -> date | None:
    try:
        return date.fromisoformat((typed or "").strip())
    except ValueError:
        return None
