"""Names of closed sets in people's words, translated where they are shown."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.models.resource import ResourceType
from portal.rules.entitlement import Entitlement

_RESOURCE_TYPES = {
    ResourceType.DATA_PORTAL: _l("Data portal"),
    ResourceType.DASHBOARD: _l("Dashboard"),
    ResourceType.WORKBOOK: _l("Workbook"),
    ResourceType.AD_HOC_ANALYSIS: _l("Ad hoc analysis"),
    ResourceType.SELF_SERVICE_RETRIEVAL: _l("Self-service retrieval"),
    ResourceType.DATA_SCREEN: _l("Data screen"),
    ResourceType.DATA_ENTRY_FORM: _l("Data entry form"),
    ResourceType.DATASET: _l("Dataset"),
    ResourceType.DATA_SOURCE: _l("Data source"),
}
_ENTITLEMENTS = {
    Entitlement.VIEW: _l("View"),
    Entitlement.EXPORT: _l("View and export"),
    Entitlement.EDIT: _l("Edit"),
    Entitlement.USE: _l("Use"),
    Entitlement.SUBMIT: _l("Submit data"),
    Entitlement.MANAGE_OWN: _l("Manage own data"),
    Entitlement.MANAGE: _l("Manage all data"),
    Entitlement.UNMASK: _l("See masked columns"),
}


def resource_type_name(resource_type: str) -> str:
    """Return a resource type in the reader's language."""
    return str(_RESOURCE_TYPES[ResourceType(resource_type)])


def entitlement_name(entitlement: str) -> str:
    """Return a level of access in the reader's language."""
    return str(_ENTITLEMENTS[Entitlement(entitlement)])
