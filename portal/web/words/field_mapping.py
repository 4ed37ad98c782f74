"""What a template's fields are called, and what is wrong with the field chosen for a value."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext, lazy_gettext, ngettext
from flask_babel.speaklater import LazyString

from portal.rules.field_mapping import ANOTHER_VALIDITY, MappingFault, MappingFaultReason
from portal.rules.official_form import FormFieldName
from portal.rules.template_field import CHOICE_KINDS, FILLABLE_KINDS, TEXT_KINDS, FieldKind, TemplateField
from portal.services.names import entitlement_name
from portal.web.words.form_fields import form_field_name

# As DingTalk's designer calls its controls.
_KINDS: dict[FieldKind, LazyString] = {
    FieldKind.LINE: lazy_gettext("Single-line text"),
    FieldKind.PARAGRAPH: lazy_gettext("Multi-line text"),
    FieldKind.CHOICE: lazy_gettext("Single choice"),
    FieldKind.CHOICES: lazy_gettext("Multiple choice"),
    FieldKind.NUMBER: lazy_gettext("Number"),
    FieldKind.DAY: lazy_gettext("Date"),
    FieldKind.DAY_AND_TIME: lazy_gettext("Date with time"),
    FieldKind.PERIOD: lazy_gettext("Date range"),
    FieldKind.MONEY: lazy_gettext("Amount of money"),
    FieldKind.PERSON: lazy_gettext("Contact"),
    FieldKind.DEPARTMENT: lazy_gettext("Department"),
    FieldKind.ATTACHMENT: lazy_gettext("Attachment or picture"),
    FieldKind.TABLE: lazy_gettext("Table"),
    FieldKind.OTHER: lazy_gettext("Another kind of field"),
}
_CARRIES: dict[FormFieldName, LazyString] = {
    FormFieldName.NUMBER: lazy_gettext("Required, text: by it the portal finds an approval again."),
    FormFieldName.ITEMS: lazy_gettext("Which resource is asked for, with a link to it."),
    FormFieldName.LEVEL: lazy_gettext("What the person may do with it. Text or a choice."),
    FormFieldName.VALIDITY: lazy_gettext("For how long. Text, a choice, a number of days or a date."),
    FormFieldName.REASON: lazy_gettext("What the requester wrote."),
    FormFieldName.STATUS_PAGE: lazy_gettext("The address of the request in this portal."),
}
_FAULTS: dict[MappingFaultReason, LazyString] = {
    MappingFaultReason.NUMBER_NOT_SENT: lazy_gettext(
        "Choose a text field for the request number: without it an approval whose answer is lost could not be "
        "found again."
    ),
    MappingFaultReason.FIELD_GONE: lazy_gettext(
        "The template has no field “%(label)s” any more. Choose another field."
    ),
    MappingFaultReason.CANNOT_TAKE: lazy_gettext("“%(label)s” cannot take this value. Choose another field."),
    MappingFaultReason.TAKEN_TWICE: lazy_gettext(
        "“%(label)s” is chosen for several values. Each field takes one: choose another."
    ),
    MappingFaultReason.OPTION_MISSING: lazy_gettext(
        "Choose the option of “%(label)s” that says “%(value)s”."
    ),
    MappingFaultReason.OPTION_GONE: lazy_gettext(
        "The option “%(label)s” does not exist any more. Choose another one for “%(value)s”."
    ),
}


def field_kind(field: TemplateField) -> str:
    """Return the kind of a field in the reader's language."""
    return str(_KINDS[field.kind])


def carries(name: FormFieldName) -> str:
    """Return what one of our fields says to the approver."""
    return str(_CARRIES[name])


def validity_note(taker: TemplateField | None) -> str:
    """Return what an approver cannot see of the validity in a field like this; empty where nothing is lost."""
    if taker is None or taker.kind in TEXT_KINDS:
        return ""
    if taker.kind in CHOICE_KINDS:
        return gettext(
            "The approver sees the option. For any other number of days, or a date, the exact validity stands on "
            "the status page only."
        )
    return gettext("Counted from the day of asking. What is granted counts from the approval.")


def choice_name(name: FormFieldName, value: str) -> str:
    """Return one of our values of a closed set in the reader's language."""
    if name == FormFieldName.LEVEL:
        return entitlement_name(value)
    if value == ANOTHER_VALIDITY:
        return gettext("Another number of days, or until a date")
    return str(ngettext("%(num)s day", "%(num)s days", int(value)))


def mapping_fault(fault: MappingFault) -> str:
    """Return the sentence that stands beside the field."""
    value = choice_name(fault.name, fault.value) if fault.value else form_field_name(fault.name)
    return str(_FAULTS[fault.reason]) % {"label": fault.label, "value": value}


def lacking_options_words(faults: Sequence[MappingFault]) -> tuple[str, ...]:
    """Return for each field of choice which of our values it has no option for."""
    values: dict[str, list[str]] = {}
    for fault in faults:
        values.setdefault(fault.label, []).append(choice_name(fault.name, fault.value))
    return tuple(
        gettext("“%(label)s”: %(values)s", label=label, values=", ".join(each))
        for label, each in values.items()
    )


def unfilled_remedy(field: TemplateField) -> str:
    """Return what to do about a required field that nothing goes into."""
    kind = field_kind(field)
    if field.is_in_table:
        return gettext(
            "“%(label)s” is a column of a table, which the portal cannot fill. Make it optional in DingTalk's "
            "designer, or remove it.",
            label=field.label,
        )
    if field.kind in FILLABLE_KINDS:
        return gettext(
            "“%(label)s” (%(kind)s): choose a value for it above, or make it optional in DingTalk's designer.",
            label=field.label,
            kind=kind,
        )
    return gettext(
        "“%(label)s” (%(kind)s): the portal cannot fill fields of this kind. Make it optional in DingTalk's "
        "designer, or remove it.",
        label=field.label,
        kind=kind,
    )
