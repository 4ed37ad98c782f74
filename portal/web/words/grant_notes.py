"""What a grant target told beside success: what was there before, what it changed, what stays after the end."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from portal.models import Grant
from portal.rules.grant_state import has_ended

_EDIT_OPENED = _("So that Edit takes effect, the portal set the work's edit permission to specified members.")
_HELD_ALREADY = _("It was there already when it was approved, so the portal left it as it is in Quick BI.")
_STAYS = {
    "workspace": _("It can still be opened: in Quick BI all members of the workspace have this access."),
    "organisation": _("It can still be opened: in Quick BI the whole organisation has this access."),
    "group": _("It can still be opened: in Quick BI a user group has this access."),
}
_STAYS_BY_OTHERS = _(
    "It can still be opened: somebody else gave it in Quick BI, so the portal left it there."
)
_STAYS_OTHERWISE = _("It can still be opened: by another grant, or by access that Quick BI gives otherwise.")


def grant_notes(grant: Grant) -> list[str]:
    """Return sentences about what the target told; the facts are those of ``grants/quickbi/target.py``."""
    facts = grant.delivery or {}
    notes = [_EDIT_OPENED] if facts.get("edit_property") else []
    if not has_ended(grant.state):
        if facts.get("was_held_already") and not facts.get("is_ours") and grant.ending is None:
            notes.append(_HELD_ALREADY)
    elif facts.get("is_inherited_from") in _STAYS:
        notes.append(_STAYS[facts["is_inherited_from"]])
    elif facts.get("is_left"):
        notes.append(_STAYS_BY_OTHERS)
    elif facts.get("can_open"):
        notes.append(_STAYS_OTHERWISE)
    return [str(each) for each in notes]
