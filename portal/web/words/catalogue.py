"""Words of the catalogue: where resources come from, what the lines of an import say, who can hold what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.grants.grant_target import TargetName
from portal.models.person import UserType
from portal.models.resource import EditPermission, ResourceSource, ResourceType, WorkspaceRole
from portal.services.catalogue.csv_lines import Column, LineReason
from portal.services.catalogue.matrix import Holding

SOURCES = {
    ResourceSource.MANUAL: _l("By hand"),
    ResourceSource.IMPORT: _l("Imported from a file"),
    ResourceSource.QUICKBI: _l("Read from Quick BI"),
}
TARGETS = {
    TargetName.MANUAL: _l("By hand: the owner gets a to-do"),
    TargetName.WEBHOOK: _l("Webhook"),
    TargetName.QUICKBI: _l("Quick BI"),
}
EDIT_PERMISSIONS = {
    EditPermission.PRIVATE: _l("Owner and administrators only"),
    EditPermission.SPECIFIED: _l("Specified people"),
    EditPermission.ALL_MEMBERS: _l("All members of the workspace"),
}
WORKSPACE_ROLES = {
    WorkspaceRole.ADMINISTRATOR: _l("Administrator"),
    WorkspaceRole.DEVELOPER: _l("Developer"),
    WorkspaceRole.ANALYST: _l("Analyst"),
    WorkspaceRole.VIEWER: _l("Viewer"),
}
USER_TYPES = {
    UserType.DEVELOPER: _l("Developers"),
    UserType.ANALYST: _l("Analysts"),
    UserType.VISITOR: _l("Visitors"),
}
HOLDINGS = {
    Holding.ALWAYS: _l("Yes"),
    Holding.AS_MEMBER: _l("As members of the workspace"),
    Holding.NEVER: _l("No"),
}
_FIELDS = {
    "name": _l("Name"),
    "workspace": _l("Workspace"),
    "owner": _l("Owner"),
    "owner_name": _l("Owner’s name"),
    "link": _l("Link"),
    "description": _l("Description"),
    "confirmation": _l("To be confirmed"),
    "target": _l("Grants take effect through"),
    "edit_permission": _l("Who may edit"),
    "is_published": _l("Published"),
    "columns": _l("Columns"),
}
_REASONS = {
    LineReason.CELLS: _l("The line has another number of cells than the first line: %(told)s."),
    LineReason.MISSING: _l("The cell is empty."),
    LineReason.TOO_LONG: _l("The cell is too long: %(told)s"),
    LineReason.CONTROL_CHARACTERS: _l("The cell holds line breaks or unprintable characters: %(told)s"),
    LineReason.NOT_ONE_OF: _l("“%(told)s” is none of the values that this column knows."),
    LineReason.NOT_A_LINK: _l("“%(told)s” is no address that begins with https:// or http://."),
    LineReason.DUPLICATE: _l("Line %(told)s already has this type and id."),
    LineReason.NO_MASKED_COLUMNS: _l("Only datasets have masked columns."),
    LineReason.NO_ORGANISATION: _l("Owners are found in DingTalk, which is not connected yet."),
    LineReason.WORKSPACE_UNKNOWN: _l(
        "No workspace has the id “%(told)s”. Give its name in the column workspace as well."
    ),
    LineReason.WORKSPACE_DIFFERS: _l("The workspace’s id and name do not belong together: it is “%(told)s”."),
}


def field_name(name: str) -> str:
    """Return a fact of a resource in the reader's language."""
    return str(_FIELDS.get(name, name))


def line_sentence(fault: Mapping[str, Any]) -> str:
    """Return what is wrong with a line, as the report stores it."""
    words = str(_REASONS[LineReason(fault["reason"])])
    return words.replace("%(told)s", fault["told"])


def shown_value(name: str, value: Any) -> str:
    """Return a fact's value as a person reads it."""
    if value in (None, "", []):
        return "–"
    match name:
        case "target":
            return str(TARGETS[TargetName(value)])
        case "edit_permission":
            return str(EDIT_PERMISSIONS[EditPermission(value)])
        case "columns":
            return ", ".join(each.get("label") or each["name"] for each in value)
        case "is_published":
            return gettext("yes") if value else gettext("no")
    return str(value)


def column_hints() -> list[tuple[str, str]]:
    """Return the columns of an import file with what each holds."""
    return [
        (Column.RESOURCE_TYPE, gettext("Needed. One of: %(values)s", values=_types())),
        (Column.EXTERNAL_ID, gettext("Needed. The id that the resource has in the BI tool.")),
        (Column.NAME, gettext("Needed.")),
        (Column.WORKSPACE, gettext("The workspace’s name; one that is new is added.")),
        (Column.WORKSPACE_ID, gettext("The workspace’s id in the BI tool.")),
        (Column.OWNER, gettext("The owner’s DingTalk user id.")),
        (Column.OWNER_NAME, gettext("The name of an owner who is not in DingTalk.")),
        (Column.LINK, gettext("The address at which it opens.")),
        (Column.DESCRIPTION, gettext("Shown to those who ask for access.")),
        (Column.CONFIRMATION, gettext("What a requester must confirm.")),
        (Column.TARGET, gettext("manual, webhook or quickbi; empty for what the settings say.")),
        (Column.EDIT_PERMISSION, gettext("private, specified or all_members.")),
        (Column.MASKED_COLUMNS, gettext("For datasets: name:label; name:label")),
    ]


def _types() -> str:
    return ", ".join(each.value for each in ResourceType)
