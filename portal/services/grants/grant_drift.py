"""What stands in ``Grant.drift``: how a target was last found to differ, and what was done about it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func

from portal.grants.grant_target import Finding
from portal.models import Grant

FINDING, FACTS, FOUND_AT = "finding", "facts", "found_at"
# When the target was asked to mend it; it is not asked twice.
REPAIRED_AT = "repaired_at"
# A backup was restored (``backups/aftermath.py``) and nobody has looked since, or what was found is from then.
SINCE_RESTORE = "since_restore"


def differs() -> ColumnElement[bool]:
    """Hold for grants that were found to differ and were not mended since."""
    return _time(FOUND_AT) > _time(REPAIRED_AT)


def found_to_differ(grant: Grant) -> Finding | None:
    """Return what ``differs`` holds for."""
    drift = grant.drift or {}
    is_unmended = (drift.get(FOUND_AT) or "") > (drift.get(REPAIRED_AT) or "")
    return Finding(drift[FINDING]) if is_unmended else None


def _time(name: str) -> ColumnElement[str]:
    # Texts that sort as the times they are.
    return func.coalesce(Grant.drift[name].as_string(), "")
