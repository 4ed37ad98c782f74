"""What stands in ``Grant.drift``: how a target was last found to differ, and what was done about it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, cast, func

from portal.models import Grant

FINDING, FACTS, FOUND_AT = "finding", "facts", "found_at"
# When the target was asked to mend it; it is not asked twice.
REPAIRED_AT = "repaired_at"
# A backup was restored (``backups/aftermath.py``) and nobody has looked since, or what was found is from then.
SINCE_RESTORE = "since_restore"


def differs() -> ColumnElement[bool]:
    """Hold for grants that were found to differ, or were not looked at since a backup was restored."""
    # None is kept as JSON's null.
    return func.coalesce(cast(Grant.drift, Text), "null") != "null"
