"""The check boxes: whether people can ask, and where their requests are decided."""

from __future__ import annotations

from collections.abc import Container
from typing import Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField

from portal.models import ApprovalSettings


class SwitchesForm(FlaskForm):  # type: ignore[misc]
    """What is switched on, and the version of the settings that the admin saw."""

    is_enabled = BooleanField(_("Enable Approval Flow"))
    is_dingtalk_channel_on = BooleanField(_("DingTalk Channel Approval"))
    is_in_platform_channel_on = BooleanField(_("In-platform approval"))
    prefers_in_platform = BooleanField(_("Decide new requests in the portal for now"))
    version = HiddenField()

    @classmethod
    def of(cls, settings: ApprovalSettings) -> Self:
        """Return the form for the stored settings."""
        return cls(
            formdata=None,
            is_enabled=settings.is_enabled,
            is_dingtalk_channel_on=settings.is_dingtalk_channel_on,
            is_in_platform_channel_on=settings.is_in_platform_channel_on,
            prefers_in_platform=settings.prefers_in_platform,
            version=str(settings.version),
        )

    def tick(self, ticked: Container[str]) -> None:
        """Tick what is ticked on a page but not saved yet; what the association switches on stays as stored."""
        for box in (self.is_enabled, self.is_in_platform_channel_on, self.prefers_in_platform):
            box.data = box.name in ticked
