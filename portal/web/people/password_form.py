"""The form by which somebody changes the password they sign in with."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired, Length

from portal.services.faults import FieldFault
from portal.services.sign_in import SHORTEST_PASSWORD
from portal.web.words.faults import fault_sentence

LONGEST_PASSWORD = 256


class PasswordChangeForm(FlaskForm):  # type: ignore[misc]
    """The present password, and the wanted one twice."""

    current_password = PasswordField(
        _("Present password"),
        [InputRequired(_("Enter your present password.")), Length(max=LONGEST_PASSWORD)],
    )
    password = PasswordField(
        _("New password"),
        [
            InputRequired(_("Enter the new password.")),
            Length(min=SHORTEST_PASSWORD, message=_("The password needs at least 12 characters.")),
            Length(max=LONGEST_PASSWORD, message=_("The password may have at most 256 characters.")),
        ],
    )
    repeated = PasswordField(
        _("New password again"),
        [
            InputRequired(_("Enter the new password a second time.")),
            EqualTo("password", _("This is not the same as the new password above.")),
        ],
    )

    def mark(self, fault: FieldFault) -> None:
        """Put a fault that the service found beside its field."""
        self[fault.field].errors = [fault_sentence(fault)]
