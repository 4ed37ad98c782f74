"""The form in which a keeper describes a resource; the service checks what it says."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField, TextAreaField

from portal.models import Resource
from portal.models.resource import ResourceType
from portal.services.catalogue.csv_lines import columns_text
from portal.services.catalogue.resource_keeping import ResourceForm, version_of
from portal.services.faults import FieldFault
from portal.services.names import resource_type_name
from portal.web.words.catalogue import EDIT_PERMISSIONS, TARGETS
from portal.web.words.faults import fault_sentence


def _line(typed: str | None) -> str:
    return _text(typed).replace("\n", " ")


def _text(typed: str | None) -> str:
    return (typed or "").replace("\x00", "").replace("\r\n", "\n").strip()


class KeptResourceForm(FlaskForm):  # type: ignore[misc]
    """Fields are called as the service's are."""

    seen = HiddenField(filters=[_line])
    resource_type = SelectField(_l("Type"), validate_choice=False)
    external_id = StringField(_l("Id in the BI tool"), filters=[_line])
    name = StringField(_l("Name"), filters=[_line])
    workspace = StringField(_l("Workspace"), filters=[_line])
    owner = StringField(_l("Owner’s DingTalk user ID"), filters=[_line])
    owner_name = StringField(_l("Owner’s name"), filters=[_line])
    link = StringField(_l("Link"), filters=[_line])
    description = TextAreaField(_l("Description"), filters=[_text])
    confirmation = TextAreaField(_l("To be confirmed by those who ask"), filters=[_text])
    target = SelectField(_l("Grants take effect through"), validate_choice=False)
    edit_permission = SelectField(_l("Who may edit"), validate_choice=False)
    masked_columns = TextAreaField(_l("Masked columns"), filters=[_text])

    def offer(self) -> None:
        """Fill in what can be chosen."""
        self.resource_type.choices = [(each.value, resource_type_name(each)) for each in ResourceType]
        self.target.choices = [
            ("", gettext("As the settings say")),
            *((each.value, str(words)) for each, words in TARGETS.items()),
        ]
        self.edit_permission.choices = [
            ("", gettext("Not known")),
            *((each.value, str(words)) for each, words in EDIT_PERMISSIONS.items()),
        ]
        for needed in (self.resource_type, self.external_id, self.name):
            needed.flags.required = True

    def show(self, resource: Resource) -> None:
        """Fill in what is stored."""
        for name in (
            "resource_type",
            "external_id",
            "name",
            "workspace",
            "owner_name",
            "link",
            "description",
            "confirmation",
        ):
            self[name].process_data(getattr(resource, name))
        self.seen.process_data(version_of(resource))
        self.owner.process_data((resource.owner.user_id or "") if resource.owner else "")
        self.target.process_data(resource.target or "")
        self.edit_permission.process_data(resource.edit_permission or "")
        self.masked_columns.process_data(columns_text(resource.columns))

    def described(self, resource: Resource | None = None) -> ResourceForm:
        """Return what was typed, in the service's terms; the type and id of a stored resource stay."""
        typed: dict[str, Any] = {name: self[name].data or "" for name in ResourceForm.__dataclass_fields__}
        if resource is not None:
            typed["resource_type"], typed["external_id"] = resource.resource_type, resource.external_id
        return ResourceForm(**typed)

    def mark(self, fault: FieldFault) -> None:
        """Put a fault that the service found beside its field."""
        self[fault.field].errors = [fault_sentence(fault)]
