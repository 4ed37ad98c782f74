"""Names of closed sets in people's words, translated where they are shown."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.models.resource import ResourceType
from portal.rules.entitlement import Entitlement

_RESOURCE_TYPES = {
    ResourceType.DATA_PORTAL: _l("Data portal"),
    ResourceType.DASHBOARD: _l("Dashboard"),
    ResourceType.WORKBOOK: _l("Workbook"),
    ResourceType.DATASET: _l("Dataset"),
}
_ENTITLEMENTS = {
    Entitlement.VIEW: _l("View"),
    Entitlement.EXPORT: _l("View and export"),
    Entitlement.EDIT: _l("Edit"),
    Entitlement.USE: _l("Use"),
}


def resource_type_name(resource_type: str) -> str:
    """Return a resource type in the reader's language."""
    return str(_RESOURCE_TYPES[ResourceType(resource_type)])


def entitlement_name(entitlement: str) -> str:
    """Return a level of access in the reader's language."""
    return str(_ENTITLEMENTS[Entitlement(entitlement)])
