"""The two check boxes."""

from __future__ import annotations

from typing import Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField

from portal.models import ApprovalSettings


class SwitchesForm(FlaskForm):  # type: ignore[misc]
    """What is switched on, and the version of the settings that the admin saw."""

    is_enabled = BooleanField(_("Enable Approval Flow"))
    is_dingtalk_channel_on = BooleanField(_("DingTalk Channel Approval"))
    version = HiddenField()

    @classmethod
    def of(cls, settings: ApprovalSettings) -> Self:
        """Return the form for the stored settings."""
        return cls(
            formdata=None,
            is_enabled=settings.is_enabled,
            is_dingtalk_channel_on=settings.is_dingtalk_channel_on,
            version=str(settings.version),
        )
