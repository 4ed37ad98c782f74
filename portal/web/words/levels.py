"""What each level of access includes, and why somebody cannot hold it, in people's words."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from portal.rules.eligibility import LevelRefusal, LevelWarning
from portal.rules.entitlement import Entitlement

_INCLUDES = {
    Entitlement.VIEW: _l("Open it and read it."),
    Entitlement.EXPORT: _l("Open it, read it and download its data as files."),
    Entitlement.EDIT: _l("Change it. Includes the levels above."),
    Entitlement.USE: _l("Build dashboards and workbooks on it."),
    Entitlement.SUBMIT: _l("Fill it in and send data."),
    Entitlement.MANAGE_OWN: _l("Fill it in, and see and change the data you sent."),
    Entitlement.MANAGE: _l("Fill it in, and see and change the data that everybody sent."),
    Entitlement.UNMASK: _l("See the values of columns that are hidden or masked for you."),
}
_REFUSALS = {
    LevelRefusal.VISITOR: (
        _l("Visitors of Quick BI cannot hold this level."),
        _l("Ask an organization admin for another user type first."),
    ),
    LevelRefusal.ANALYST: (
        _l("Only developers of Quick BI can hold this level."),
        _l("Ask an organization admin for another user type first."),
    ),
    LevelRefusal.WORKSPACE_VIEWER: (
        _l("Viewers of the workspace cannot hold this level."),
        _l("Ask an administrator of the workspace for another role in it first."),
    ),
    LevelRefusal.WORKSPACE_ANALYST: (
        _l("Only developers and administrators of the workspace can hold this level."),
        _l("Ask an administrator of the workspace for another role in it first."),
    ),
    LevelRefusal.NOT_A_MEMBER: (
        _l("Only members of the workspace can hold this level."),
        _l("Joining comes first: an administrator of the workspace can arrange it."),
    ),
    LevelRefusal.SHARING_OFF: (
        _l("The workspace does not allow its resources to be shared."),
        _l("Ask an administrator of the workspace to allow sharing first."),
    ),
}
_WARNINGS = {
    LevelWarning.EDIT_IS_PRIVATE: _l(
        "Only its owner and the workspace's administrators may edit it at present: Edit takes effect once the"
        " owner lets others edit it."
    ),
    LevelWarning.NOT_PUBLISHED: _l("It is not published: access takes effect once it is."),
    LevelWarning.MEMBERSHIP_UNKNOWN: _l(
        "Only members of its workspace can hold this level, and the portal does not know yet who is one."
    ),
    LevelWarning.USER_TYPE_UNKNOWN: _l(
        "Not every user type of Quick BI can hold this level, and the portal does not know this one yet."
    ),
}


@dataclass(frozen=True, kw_only=True)
class RefusalWords:
    """Why a level cannot be held, and what would change that."""

    reason: str
    remedy: str


def level_includes(entitlement: str) -> str:
    """Return what a level of access lets a person do."""
    return str(_INCLUDES[Entitlement(entitlement)])


def refusal_words(refusal: LevelRefusal) -> RefusalWords:
    """Return why somebody cannot hold a level, and the remedy."""
    reason, remedy = _REFUSALS[refusal]
    return RefusalWords(reason=str(reason), remedy=str(remedy))


def warning_sentence(warning: LevelWarning) -> str:
    """Return what may keep a level from taking effect."""
    return str(_WARNINGS[warning])
