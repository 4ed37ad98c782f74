"""The way to Quick BI, as an admin types it, and what its documents leave open."""

from __future__ import annotations

from typing import Any, Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired

from portal.grants.quickbi.options import (
    OPEN_LEVELS,
    EditOnPrivate,
    PortalCall,
    QuickBIOptions,
    RetrievalCall,
    WhenNotSettled,
)
from portal.services.faults import FieldFault
from portal.services.grants.quickbi_settings import QuickBIForm, QuickBIView

CHOICES = ("edit_on_private", "portal_call", "retrieval_call", "when_not_settled")


class QuickBIFields(FlaskForm):  # type: ignore[misc]
    """``version`` is that of the settings the admin saw; the secret is never shown."""

    quickbi_endpoint = StringField(_("Endpoint"), [InputRequired()])
    quickbi_key_id = StringField(_("AccessKey ID"), [InputRequired()])
    quickbi_secret = PasswordField(_("AccessKey secret"))
    edit_on_private = RadioField(
        _("Edit on a private work"),
        [InputRequired()],
        choices=[
            SelectChoice(EditOnPrivate.REFUSE.value, _("Fail, and say what the owner has to change")),
            SelectChoice(
                EditOnPrivate.SET_SPECIFIED.value, _("Set its edit permission to specified members")
            ),
        ],
    )
    portal_call = RadioField(
        _("Data portals"),
        [InputRequired()],
        choices=[
            SelectChoice(PortalCall.SHARE.value, _("Share the whole portal until the end of the grant")),
            SelectChoice(PortalCall.MENUS.value, _("Give every menu, and take it away at the end")),
        ],
    )
    retrieval_call = RadioField(
        _("Self-service retrieval"),
        [InputRequired()],
        choices=[
            SelectChoice(RetrievalCall.AUTHORIZATION.value, _("Collaborative authorisation")),
            SelectChoice(RetrievalCall.SHARE.value, _("Share")),
        ],
    )
    when_not_settled = RadioField(
        _("Levels for which Quick BI documents no value"),
        [InputRequired()],
        choices=[
            SelectChoice(WhenNotSettled.REFUSE.value, _("Fail until a value is entered below")),
            SelectChoice(WhenNotSettled.BY_HAND.value, _("Let the owner give them by hand")),
        ],
    )
    use_points = StringField(_("Value for Use of datasets and data sources"))
    submit_points = StringField(_("Value for Submit in data entry forms"))
    manage_own_points = StringField(_("Value for Manage own data in forms"))
    manage_points = StringField(_("Value for Manage all data in forms"))
    version = HiddenField()

    @classmethod
    def of(cls, view: QuickBIView) -> Self:
        """Return the form for what is stored, the secret left empty."""
        stored = view.options.to_json()
        shown: dict[str, Any] = {name: stored[name].value for name in CHOICES}
        shown |= {f"{level}_points": _shown(stored[f"{level}_points"]) for level in OPEN_LEVELS}
        form = cls(
            formdata=None,
            quickbi_endpoint=view.endpoint,
            quickbi_key_id=view.key_id,
            version=str(view.version),
            **shown,
        )
        form.require_secret(is_first=not view.is_connected)
        return form

    def require_secret(self, *, is_first: bool) -> None:
        """Mark the secret as required while none is stored."""
        self.quickbi_secret.flags.required = is_first

    def typed(self, *, version: int) -> QuickBIForm:
        """Return what the admin typed; raises ``FieldFault`` for what cannot be read."""
        return QuickBIForm(
            endpoint=_text(self.quickbi_endpoint.data),
            key_id=_text(self.quickbi_key_id.data),
            secret=_text(self.quickbi_secret.data),
            options=self._options(),
            version=version,
        )

    def _options(self) -> QuickBIOptions:
        chosen: dict[str, Any] = {name: self[name].data for name in CHOICES}
        points = {f"{level}_points": self._points(f"{level}_points") for level in OPEN_LEVELS}
        try:
            return QuickBIOptions.from_json({**chosen, **points})
        except ValueError:
            raise FieldFault("edit_on_private", "unknown") from None

    def _points(self, name: str) -> int | None:
        typed = _text(self[name].data)
        if not typed:
            return None
        if not (typed.isascii() and typed.isdecimal() and len(typed) < 6):
            raise FieldFault(name, "quickbi_points")
        return int(typed)


def _shown(points: int | None) -> str:
    return "" if points is None else str(points)


def _text(typed: str | None) -> str:
    return (typed or "").strip()
