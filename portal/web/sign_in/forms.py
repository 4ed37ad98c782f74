"""The form of local admins."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """User name and password."""

    username = StringField(_l("User name"), [InputRequired(_l("Enter your user name.")), Length(max=64)])
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password.")), Length(max=256)])
