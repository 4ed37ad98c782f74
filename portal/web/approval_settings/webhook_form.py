"""The webhook's address and switches."""

from __future__ import annotations

from typing import Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import InputRequired

from portal.services.grants.webhook_settings import WebhookForm, WebhookView


class WebhookFields(FlaskForm):  # type: ignore[misc]
    """``version`` is that of the settings the admin saw."""

    webhook_address = StringField(_("Address"), [InputRequired()])
    is_webhook_on = BooleanField(_("Send"))
    answers_checks = BooleanField(_("It answers checks"))
    version = HiddenField()

    @classmethod
    def of(cls, view: WebhookView) -> Self:
        """Return the form for what is stored."""
        return cls(
            formdata=None,
            webhook_address=view.address,
            is_webhook_on=view.is_enabled,
            answers_checks=view.answers_checks,
            version=str(view.version),
        )

    def asked(self, *, version: int) -> WebhookForm:
        """Return what was sent."""
        return WebhookForm(
            address=self.webhook_address.data or "",
            is_enabled=self.is_webhook_on.data,
            answers_checks=self.answers_checks.data,
            version=version,
        )
