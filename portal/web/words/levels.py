"""What each level of access includes, in people's words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.rules.entitlement import Entitlement

_INCLUDES = {
    Entitlement.VIEW: _l("Open it and read it."),
    Entitlement.EXPORT: _l("Open it, read it and download its data as files."),
    Entitlement.EDIT: _l("Change it. Includes the levels above."),
    Entitlement.USE: _l("Build dashboards and workbooks on it."),
}


def level_includes(entitlement: str) -> str:
    """Return what a level of access lets a person do."""
    return str(_INCLUDES[Entitlement(entitlement)])
