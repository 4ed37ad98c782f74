"""Which role may do what: the one table that routes and services ask."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    """What roles allow beyond what everybody may do with their own requests, approvals and grants."""

    READ_EVERYTHING = "read_everything"
    READ_SETTINGS = "read_settings"
    CHANGE_SETTINGS = "change_settings"
    GIVE_ROLES = "give_roles"
    KEEP_CATALOGUE = "keep_catalogue"
    KEEP_GRANTS = "keep_grants"


_ORGANIZATION_ADMIN = "organization_admin"
_PERMISSION_ADMINISTRATOR = "permission_administrator"
_ENTERPRISE_SECURITY_ADMINISTRATOR = "enterprise_security_administrator"
_AUDITOR = "auditor"

# Workspace administrators and owners of resources have no role of the portal: services ask what is theirs.
ROLES_WITH: dict[Permission, frozenset[str]] = {
    Permission.READ_EVERYTHING: frozenset(
        {
            _ORGANIZATION_ADMIN,
            _PERMISSION_ADMINISTRATOR,
            _ENTERPRISE_SECURITY_ADMINISTRATOR,
            _AUDITOR,
        }
    ),
    Permission.READ_SETTINGS: frozenset({_ORGANIZATION_ADMIN, _AUDITOR}),
    Permission.CHANGE_SETTINGS: frozenset({_ORGANIZATION_ADMIN}),
    Permission.GIVE_ROLES: frozenset({_ORGANIZATION_ADMIN}),
    Permission.KEEP_CATALOGUE: frozenset({_ORGANIZATION_ADMIN, _PERMISSION_ADMINISTRATOR}),
    Permission.KEEP_GRANTS: frozenset(
        {_ORGANIZATION_ADMIN, _PERMISSION_ADMINISTRATOR, _ENTERPRISE_SECURITY_ADMINISTRATOR}
    ),
}


def only_reads(roles: Iterable[str]) -> bool:
    """Whether somebody with these roles changes nothing at all: an auditor without any other role.

    They do not ask for access in the portal nor decide about it either, so that nobody audits what they did.
    """
    return set(roles) == {_AUDITOR}


def allows(roles: Iterable[str], permission: Permission) -> bool:
    """Whether somebody with these roles may do this."""
    return not ROLES_WITH[permission].isdisjoint(roles)
