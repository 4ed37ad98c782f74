"""The binding of the DingTalk app, as an admin types it."""

from __future__ import annotations

from typing import Self

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired

from portal.services.dingtalk_app import BindingForm, BindingView

SECRETS = ("app_secret", "callback_token", "callback_aes_key")


class DingTalkAppForm(FlaskForm):  # type: ignore[misc]
    """Identifiers, secrets and the version of the binding that the admin saw.

    ``token`` and ``aes_key`` are shown while they are new, because they must be copied into DingTalk; the app
    secret never is, and nothing that is stored is.
    """

    corp_id = StringField(_("Corp ID"), [InputRequired()])
    app_key = StringField(_("App key (Client ID)"), [InputRequired()])
    app_secret = PasswordField(_("App secret (Client Secret)"))
    agent_id = StringField(_("Agent ID"))
    callback_aes_key = StringField(_("Encryption aes_key"))
    callback_token = StringField(_("Signature token"))
    version = HiddenField()

    @classmethod
    def of(cls, binding: BindingView) -> Self:
        """Return the form for what is bound, its secrets left empty."""
        form = cls(
            formdata=None,
            corp_id=binding.corp_id,
            app_key=binding.app_key,
            agent_id=binding.agent_id,
            version=str(binding.version),
        )
        form.require_secrets(is_first=not binding.is_bound)
        return form

    def require_secrets(self, *, is_first: bool) -> None:
        """Mark the secrets as required while none is stored."""
        for name in SECRETS:
            self[name].flags.required = is_first

    def typed(self, *, version: int) -> BindingForm:
        """Return what the admin typed."""
        return BindingForm(
            corp_id=_text(self.corp_id.data),
            app_key=_text(self.app_key.data),
            agent_id=_text(self.agent_id.data),
            app_secret=_text(self.app_secret.data),
            callback_token=_text(self.callback_token.data),
            callback_aes_key=_text(self.callback_aes_key.data),
            version=version,
        )


def _text(typed: str | None) -> str:
    return (typed or "").strip()
