"""The road by which DingTalk's events come, as an admin chooses it."""

from __future__ import annotations

from typing import Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired

from portal.models import ApprovalSettings
from portal.models.callback_event import EventRoad


class EventRoadForm(FlaskForm):  # type: ignore[misc]
    """One of two, and the version of the settings that the admin saw."""

    event_road = RadioField(
        _("Events come by"),
        [InputRequired()],
        choices=[
            SelectChoice(EventRoad.CALLBACK.value, _("HTTP callback")),
            SelectChoice(EventRoad.STREAM.value, _("Stream")),
        ],
        validate_choice=False,
    )
    version = HiddenField()

    @classmethod
    def of(cls, settings: ApprovalSettings) -> Self:
        """Return the form for the stored settings."""
        return cls(formdata=None, event_road=settings.event_road, version=str(settings.version))

    @property
    def road(self) -> EventRoad | None:
        """What was chosen, None for anything that does not exist."""
        chosen = self.event_road.data
        return EventRoad(chosen) if chosen in set(EventRoad) else None
