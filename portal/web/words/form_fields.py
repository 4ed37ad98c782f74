"""Names of the values that a request carries into DingTalk."""

from __future__ import annotations

from flask_babel import gettext

from portal.rules.official_form import FormFieldName


def form_field_name(name: str) -> str:
    """Return our name of a form field in the reader's language."""
    names = {
        FormFieldName.NUMBER: gettext("Request number"),
        FormFieldName.ITEMS: gettext("Requested items"),
        FormFieldName.LEVEL: gettext("Level"),
        FormFieldName.VALIDITY: gettext("Valid for"),
        FormFieldName.REASON: gettext("Reason"),
        FormFieldName.STATUS_PAGE: gettext("Status page"),
    }
    return names[FormFieldName(name)]
