"""What an import file would do, as it is stored and shown before anything is done."""

from __future__ import annotations

import hashlib
from typing import Any

from portal.services.catalogue.csv_lines import Lines
from portal.services.catalogue.staged_rows import Unmet
from portal.services.catalogue.wanted_resource import Changes

MOST_CHANGES_SHOWN = 20


class ImportReport:
    """Counts, faults, and the first of what changes; ``fingerprint`` tells a changed catalogue afterwards."""

    def __init__(self) -> None:
        self._counts = {"new": 0, "changed": 0, "unchanged": 0}
        self._shown: list[dict[str, Any]] = []
        self._digest = hashlib.sha256()

    def add(self, changes: Changes) -> None:
        """Count some of the file's changes."""
        for name in self._counts:
            self._counts[name] += changes.counts[name]
        for new in changes.new:
            self._digest.update(repr((new.key, sorted(new.values.items()))).encode())
        for each in changes.changed:
            told = (each.kept.id, sorted(each.before.items()), sorted(each.after.items()))
            self._digest.update(repr(told).encode())
        self._shown += [
            {
                "resource_type": each.wanted.key[0],
                "external_id": each.wanted.key[1],
                "name": each.kept.values["name"],
                "before": dict(each.before),
                "after": dict(each.after),
            }
            for each in changes.changed[: MOST_CHANGES_SHOWN - len(self._shown)]
        ]

    def to_json(self, lines: Lines, *, total: int, workspaces: Unmet, owners: Unmet) -> dict[str, Any]:
        """Return the report once all lines were read; ``total`` is how many resources there are."""
        known = self._counts["changed"] + self._counts["unchanged"]
        return {
            "lines": lines.count,
            "counts": {**self._counts, "untouched": total - known},
            "fault_count": lines.fault_count,
            "faults": [each.to_json() for each in lines.faults],
            "changes": self._shown,
            "new_workspaces": workspaces.to_json(),
            "new_owners": owners.to_json(),
            "fingerprint": self._digest.hexdigest(),
        }
