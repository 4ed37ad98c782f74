"""What a request says in DingTalk: the texts of the form, in the template's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import force_locale, format_date, gettext, ngettext

from portal.models import ApprovalTemplate, Resource
from portal.rules.entitlement import Entitlement, includes
from portal.rules.field_mapping import validity_choice
from portal.rules.official_form import FormFieldName
from portal.rules.template_field import FieldKind, OurValue, TemplateField, written
from portal.rules.validity import Validity
from portal.services.names import entitlement_name, resource_type_name


def reference(number: str, *, position: int, attempt: int) -> str:
    """Return what the request-number field carries: number, approval within it, and attempt where not the first.

    An attempt after a start whose outcome was unknown needs a text of its own, so that a late twin is told apart.
    """
    own = number if position == 1 else f"{number}.{position}"
    return own if attempt <= 1 else f"{own}-{attempt}"


@dataclass(frozen=True, kw_only=True)
class FormItem:
    """One resource and level as the form tells it; ``columns`` are the labels of masked columns asked for."""

    resource: Resource
    entitlement: Entitlement
    columns: tuple[str, ...] = ()


def request_values(
    template: ApprovalTemplate,
    *,
    number: str,
    items: Sequence[FormItem],
    validity: Validity,
    reason: str,
    status_page: str,
    today: date,
    on_behalf_of: str = "",
) -> dict[str, str]:
    """Return the texts by the template's labels; fields that a custom template lacks are left out.

    ``items`` are those of one approval (at least one), ``on_behalf_of`` names the colleague who gets the access.
    ``today`` is the day of asking: a field that holds a day or a number says what the validity comes to, if
    the approval were given on that day.
    """
    with force_locale(template.language):
        lines = [_told(item, is_only=len(items) == 1) for item in items]
        if on_behalf_of:
            lines.insert(0, gettext("For: %(name)s", name=on_behalf_of))
        values = {
            FormFieldName.NUMBER: OurValue(text=number),
            FormFieldName.ITEMS: OurValue(text="\n".join(lines)),
            FormFieldName.LEVEL: _level_value([item.entitlement for item in items]),
            FormFieldName.VALIDITY: validity_value(validity, today=today),
            FormFieldName.REASON: OurValue(text=reason),
            FormFieldName.STATUS_PAGE: OurValue(text=status_page),
        }
    return by_label(template, values)


def _told(item: FormItem, *, is_only: bool) -> str:
    """Return an item's line or lines; its level stands there where items differ, for one the level field says it."""
    resource = item.resource
    place = f" · {resource.workspace}" if resource.workspace else ""
    level = "" if is_only else f" · {entitlement_name(item.entitlement)}"
    columns = "\n" + gettext("Columns: %(names)s", names=", ".join(item.columns)) if item.columns else ""
    link = f"\n{resource.link}" if resource.link else ""
    return f"{resource_type_name(resource.resource_type)}: {resource.name}{place}{level}{columns}{link}"


def _level_value(levels: Sequence[Entitlement]) -> OurValue:
    """Sum up the levels: as text each once, as a choice the one that reaches furthest."""
    distinct = list(dict.fromkeys(levels))
    furthest = distinct[0]
    for level in distinct[1:]:
        if includes(level, furthest):
            furthest = level
    return OurValue(text=" / ".join(entitlement_name(each) for each in distinct), choice=furthest)


def trial_values(
    template: ApprovalTemplate, *, number: str, settings_page: str, today: date
) -> dict[str, str]:
    """Return the texts of a Test; they say that no access is granted.

    Fields of choice, numbers and days have no room for that: they get the least that can be asked for.
    """
    with force_locale(template.language):
        nothing = gettext("TEST, no access is granted")
        values = {
            FormFieldName.NUMBER: OurValue(text=number),
            FormFieldName.ITEMS: OurValue(text=nothing),
            FormFieldName.LEVEL: OurValue(text="-", choice=Entitlement.VIEW),
            FormFieldName.VALIDITY: OurValue(
                text="-", choice=validity_choice(Validity(days=1)), number=1, day=today
            ),
            FormFieldName.REASON: OurValue(text=nothing),
            FormFieldName.STATUS_PAGE: OurValue(text=settings_page),
        }
    return by_label(template, values)


def validity_value(validity: Validity, *, today: date) -> OurValue:
    """Return how long access is asked for: in words, as a choice, in days and as its last day."""
    until = validity.until or today + timedelta(days=validity.days or 0)
    return OurValue(
        text=validity_text(validity),
        choice=validity_choice(validity),
        number=validity.days if validity.days is not None else (until - today).days,
        day=until,
    )


def validity_text(validity: Validity) -> str:
    """Return how long access is asked for, in words."""
    if validity.days is not None:
        return str(ngettext("%(num)s day from approval", "%(num)s days from approval", validity.days))
    return gettext("until %(date)s", date=format_date(validity.until, "medium"))


def by_label(template: ApprovalTemplate, values: Mapping[FormFieldName, OurValue]) -> dict[str, str]:
    """Key the values, as each field takes them, by the labels that this template has for our fields."""
    fields = {field.label: field for field in map(TemplateField.from_json, template.fields or ())}
    texts = {}
    for name, value in values.items():
        label = template.field_mapping.get(name.value)
        if label is None:
            continue
        options = (template.option_mapping or {}).get(name.value, {})
        texts[label] = written(value, fields.get(label, _any_text(label)), options)
    return texts


def _any_text(label: str) -> TemplateField:
    # Templates confirmed by earlier versions had text fields only and did not store them.
    return TemplateField(component_id="", label=label, kind=FieldKind.PARAGRAPH)
