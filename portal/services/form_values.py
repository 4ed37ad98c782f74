"""What a request says in DingTalk: the texts of the form, in the template's language."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import force_locale, format_date, gettext, ngettext

from portal.models import ApprovalTemplate, Resource
from portal.rules.entitlement import Entitlement
from portal.rules.official_form import FormFieldName
from portal.rules.validity import Validity
from portal.services.names import entitlement_name, resource_type_name


def reference(number: str, *, position: int, attempt: int) -> str:
    """Return what the request-number field carries: number, approval within it, and attempt where not the first.

    An attempt after a start whose outcome was unknown needs a text of its own, so that a late twin is told apart.
    """
    own = number if position == 1 else f"{number}.{position}"
    return own if attempt <= 1 else f"{own}-{attempt}"


def request_values(
    template: ApprovalTemplate,
    *,
    number: str,
    resource: Resource,
    entitlement: Entitlement,
    validity: Validity,
    reason: str,
    status_page: str,
) -> dict[str, str]:
    """Return the texts by the template's labels; fields that a custom template lacks are left out."""
    with force_locale(template.language):
        place = f" · {resource.workspace}" if resource.workspace else ""
        link = f"\n{resource.link}" if resource.link else ""
        texts = {
            FormFieldName.NUMBER: number,
            FormFieldName.ITEMS: f"{resource_type_name(resource.resource_type)}: {resource.name}{place}{link}",
            FormFieldName.LEVEL: str(entitlement_name(entitlement)),
            FormFieldName.VALIDITY: validity_text(validity),
            FormFieldName.REASON: reason,
            FormFieldName.STATUS_PAGE: status_page,
        }
    return by_label(template, texts)


def trial_values(template: ApprovalTemplate, *, number: str, settings_page: str) -> dict[str, str]:
    """Return the texts of a Test; they say that no access is granted."""
    with force_locale(template.language):
        nothing = gettext("TEST, no access is granted")
        texts = {
            FormFieldName.NUMBER: number,
            FormFieldName.ITEMS: nothing,
            FormFieldName.LEVEL: "-",
            FormFieldName.VALIDITY: "-",
            FormFieldName.REASON: nothing,
            FormFieldName.STATUS_PAGE: settings_page,
        }
    return by_label(template, texts)


def validity_text(validity: Validity) -> str:
    """Return how long access is asked for, in words."""
    if validity.days is not None:
        return str(ngettext("%(num)s day from approval", "%(num)s days from approval", validity.days))
    return gettext("until %(date)s", date=format_date(validity.until, "medium"))


def by_label(template: ApprovalTemplate, texts: Mapping[FormFieldName, str]) -> dict[str, str]:
    """Key the texts by the labels that this template has for our fields."""
    return {
        template.field_mapping[name.value]: text
        for name, text in texts.items()
        if name.value in template.field_mapping
    }
