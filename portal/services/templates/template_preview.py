"""What a made-up request would look like in a template's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import force_locale, gettext

from portal.models import ApprovalTemplate, Resource
from portal.models.resource import ResourceType
from portal.rules.entitlement import Entitlement
from portal.rules.field_mapping import FieldMapping
from portal.rules.official_form import FormFieldName
from portal.rules.request_number import request_number
from portal.rules.template_field import TemplateField
from portal.rules.validity import Validity
from portal.services.request_address import address_in_form
from portal.services.templates.form_values import FormItem, request_values

SAMPLE_REQUEST = 123
SAMPLE_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class PreviewLine:
    """One field of the form with the text that would be submitted; without a ``name`` it stays empty.

    ``awaits_choice`` says that a value was meant for it, and that something is wrong with that.
    """

    field: TemplateField
    name: FormFieldName | None
    text: str
    awaits_choice: bool = False


def sample_values(
    fields: Sequence[TemplateField],
    mapping: FieldMapping,
    *,
    language: str,
    public_url: str,
    today: date,
) -> dict[str, str]:
    """Return the texts of a made-up request by the labels of those fields that ``mapping`` can fill."""
    usable = mapping.usable_part(fields)
    draft = ApprovalTemplate(
        language=language,
        fields=[field.to_json() for field in fields],
        field_mapping={name.value: label for name, label in usable.fields.items()},
        option_mapping={name.value: dict(options) for name, options in usable.options.items()},
    )
    number = request_number(SAMPLE_REQUEST, year=today.year)
    with force_locale(language):
        name, reason = gettext("Sales overview"), gettext("Quarterly report")
    return request_values(
        draft,
        number=number,
        items=[
            FormItem(
                resource=Resource(resource_type=ResourceType.DASHBOARD, name=name, workspace="", link=""),
                entitlement=Entitlement.VIEW,
            )
        ],
        validity=Validity(days=SAMPLE_DAYS),
        reason=reason,
        status_page=address_in_form(public_url, number),
        today=today,
    )


def preview_of(
    fields: Sequence[TemplateField], mapping: FieldMapping, values: dict[str, str]
) -> tuple[PreviewLine, ...]:
    """Return every field of the form, in its order, with the text out of ``values`` that it would get."""
    filled = {label: name for name, label in mapping.fields.items() if label in values}
    return tuple(
        PreviewLine(
            field=each,
            name=filled.get(each.label),
            text=values.get(each.label, ""),
            awaits_choice=each.label in mapping.fields.values() and each.label not in filled,
        )
        for each in fields
        if not each.is_in_table
    )
