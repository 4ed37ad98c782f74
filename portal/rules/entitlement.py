"""Levels of access, lowest first; a higher level includes the lower ones."""

from __future__ import annotations

from enum import StrEnum


class Entitlement(StrEnum):
    """What a person may do with a resource."""

    VIEW = "view"
    EXPORT = "export"
    EDIT = "edit"
    USE = "use"
    SUBMIT = "submit"
    MANAGE_OWN = "manage_own"
    MANAGE = "manage"
    UNMASK = "unmask"


_BY_RESOURCE_TYPE: dict[str, tuple[Entitlement, ...]] = {
    "data_portal": (Entitlement.VIEW, Entitlement.EXPORT, Entitlement.EDIT),
    "dashboard": (Entitlement.VIEW, Entitlement.EXPORT, Entitlement.EDIT),
    "workbook": (Entitlement.VIEW, Entitlement.EXPORT, Entitlement.EDIT),
    "dataset": (Entitlement.USE, Entitlement.EDIT),
}


def entitlements_of(resource_type: str) -> tuple[Entitlement, ...]:
    """Return the levels that can be asked for on a resource of this type (Quick BI's permission matrix)."""
    return _BY_RESOURCE_TYPE.get(resource_type, ())
