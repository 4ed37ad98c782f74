"""Which work notices are sent, one check box a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField

from portal.models import ApprovalSettings
from portal.services.notices.notice_promises import NoticeKind


class NoticesForm(FlaskForm):  # type: ignore[misc]
    """A ticked kind is sent; ``version`` is that of the settings the admin saw."""

    notice_approved = BooleanField(_("Approved"))
    notice_rejected = BooleanField(_("Rejected"))
    notice_terminated = BooleanField(_("Ended by somebody else"))
    notice_needs_choice = BooleanField(_("Approvers must be chosen again"))
    notice_could_not_start = BooleanField(_("Could not be started"))
    notice_lapsed = BooleanField(_("Nobody decided in time"))
    notice_asked_for_you = BooleanField(_("Colleagues: somebody asks for access for them"))
    notice_declined = BooleanField(_("Declined by the colleague it was for"))
    notice_to_decide = BooleanField(_("Approvers: something waits for them in the portal"))
    notice_reminder = BooleanField(_("Approvers: the requester reminds them"))
    notice_grant_active = BooleanField(_("Access works"))
    notice_grant_failing = BooleanField(_("Access could not be given"))
    notice_grant_ends_in_a_week = BooleanField(_("Access ends in a week"))
    notice_grant_ends_tomorrow = BooleanField(_("Access ends tomorrow"))
    notice_grant_expired = BooleanField(_("Access has ended"))
    notice_grant_revoked = BooleanField(_("Access was taken away"))
    notice_grant_task = BooleanField(_("Owners: access to be given or taken away by hand"))
    version = HiddenField()

    @classmethod
    def of(cls, settings: ApprovalSettings) -> Self:
        """Return the form for the stored settings."""
        form = cls(formdata=None, version=str(settings.version))
        form.tick({field_name(kind): "y" for kind in NoticeKind if kind not in settings.notices_off})
        return form

    def tick(self, sent: Mapping[str, str]) -> None:
        """Tick exactly the boxes whose names are given."""
        for kind in NoticeKind:
            self[field_name(kind)].data = field_name(kind) in sent

    def switched_off(self) -> list[NoticeKind]:
        """Return the kinds that are not ticked."""
        return [kind for kind in NoticeKind if not self[field_name(kind)].data]


def field_name(kind: NoticeKind) -> str:
    """Return the name of the box of a kind."""
    return f"notice_{kind}"
