"""Levels of access, lowest first, and which of them a higher one includes."""

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


_WORK = (Entitlement.VIEW, Entitlement.EXPORT, Entitlement.EDIT)
_BY_RESOURCE_TYPE: dict[str, tuple[Entitlement, ...]] = {
    "data_portal": _WORK,
    "dashboard": _WORK,
    "workbook": _WORK,
    "ad_hoc_analysis": _WORK,
    "self_service_retrieval": _WORK,
    "data_screen": _WORK,
    "data_entry_form": (
        Entitlement.SUBMIT,
        Entitlement.MANAGE_OWN,
        Entitlement.MANAGE,
        Entitlement.EDIT,
    ),
    "dataset": (Entitlement.USE, Entitlement.EDIT),
    "data_source": (Entitlement.USE, Entitlement.EDIT),
}

# Seeing masked columns stands beside the others: no level brings it, and it brings none.
_INCLUDED: dict[Entitlement, frozenset[Entitlement]] = {
    Entitlement.EXPORT: frozenset({Entitlement.VIEW}),
    Entitlement.MANAGE_OWN: frozenset({Entitlement.SUBMIT}),
    Entitlement.MANAGE: frozenset({Entitlement.SUBMIT, Entitlement.MANAGE_OWN}),
    Entitlement.EDIT: frozenset(
        {
            Entitlement.VIEW,
            Entitlement.EXPORT,
            Entitlement.USE,
            Entitlement.SUBMIT,
            Entitlement.MANAGE_OWN,
            Entitlement.MANAGE,
        }
    ),
}


def entitlements_of(resource_type: str, *, has_masked_columns: bool = False) -> tuple[Entitlement, ...]:
    """Return the levels that a resource of this type has, lowest first (Quick BI's permission matrix).

    Args:
        resource_type: one of ``ResourceType``; others have no levels.
        has_masked_columns: whether it is a dataset with columns that can be asked for.
    """
    levels = _BY_RESOURCE_TYPE.get(resource_type, ())
    return (*levels, Entitlement.UNMASK) if has_masked_columns and resource_type == "dataset" else levels


def includes(higher: str, lower: str) -> bool:
    """Whether who holds ``higher`` of a resource needs not ask for ``lower``; a level includes itself."""
    return Entitlement(lower) in _INCLUDED.get(Entitlement(higher), frozenset()) or higher == lower
