"""Roles and what they allow, in people's words."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.models.person import Role
from portal.models.resource import WorkspaceRole
from portal.rules.permissions import ROLES_WITH, Permission

_ROLES = {
    Role.ORGANIZATION_ADMIN: _l("Organization admin"),
    Role.PERMISSION_ADMINISTRATOR: _l("Permission administrator"),
    Role.ENTERPRISE_SECURITY_ADMINISTRATOR: _l("Enterprise security administrator"),
    Role.AUDITOR: _l("Auditor"),
}
_PURPOSES = {
    Role.ORGANIZATION_ADMIN: _l("Changes the settings, gives roles, keeps the catalogue and the grants."),
    Role.PERMISSION_ADMINISTRATOR: _l("Keeps the catalogue and the grants, and can be asked to decide."),
    Role.ENTERPRISE_SECURITY_ADMINISTRATOR: _l("Keeps the grants, and can be asked to decide."),
    Role.AUDITOR: _l("Reads everything and changes nothing."),
}

_WORKSPACE_ROLES = {
    WorkspaceRole.ADMINISTRATOR: _l("Administrator"),
    WorkspaceRole.DEVELOPER: _l("Developer"),
    WorkspaceRole.ANALYST: _l("Analyst"),
    WorkspaceRole.VIEWER: _l("Viewer"),
}


def role_name(role: str) -> str:
    """Return a role's name."""
    return str(_ROLES[Role(role)])


def role_purpose(role: str) -> str:
    """Return what somebody with a role does."""
    return str(_PURPOSES[Role(role)])


def roles_with(permission: Permission) -> str:
    """Return the names of the roles that hold a permission, in the order in which roles are listed."""
    return gettext(", ").join(role_name(role) for role in Role if role.value in ROLES_WITH[permission])


def workspace_role_name(role: str) -> str:
    """Return the name of what a member is in a workspace."""
    return str(_WORKSPACE_ROLES[WorkspaceRole(role)])
