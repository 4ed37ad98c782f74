"""For how many days raw events are kept, as an admin types it."""

from __future__ import annotations

from typing import Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired

from portal.models import ApprovalSettings


class RetentionForm(FlaskForm):  # type: ignore[misc]
    """The days, and the version of the settings that the admin saw."""

    payload_kept_days = StringField(_("Days"), [InputRequired()])
    version = HiddenField()

    @classmethod
    def of(cls, settings: ApprovalSettings) -> Self:
        """Return the form for the stored settings."""
        return cls(
            formdata=None, payload_kept_days=str(settings.payload_kept_days), version=str(settings.version)
        )

    def days(self) -> int | None:
        """Return the whole number that was typed, None for anything else."""
        typed = (self.payload_kept_days.data or "").strip()
        return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None
