"""How many calls a month the organisation's edition of DingTalk allows."""

from __future__ import annotations

from typing import Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired

from portal.models import ApprovalSettings


class QuotaForm(FlaskForm):  # type: ignore[misc]
    """One number as it was typed, and the version of the settings that the admin saw."""

    monthly_call_quota = StringField(_("Calls a month"), [InputRequired()])
    version = HiddenField()

    @classmethod
    def of(cls, settings: ApprovalSettings) -> Self:
        """Return the form for the stored settings."""
        return cls(
            formdata=None,
            monthly_call_quota=str(settings.monthly_call_quota),
            version=str(settings.version),
        )

    @property
    def calls(self) -> int | None:
        """What was typed, if it is a number; separators of thousands are let through."""
        typed = (self.monthly_call_quota.data or "").strip().replace(",", "").replace(" ", "")
        return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None
