"""What an import file would do, as it is stored and shown before anything is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from portal.services.catalogue.csv_lines import Lines
from portal.services.catalogue.wanted_resource import Changes

MOST_FAULTS_SHOWN = 200
MOST_CHANGES_SHOWN = 20
MOST_NAMES_SHOWN = 10


def report_of(
    lines: Lines, changes: Changes, *, new_workspaces: Iterable[str], new_owners: Iterable[str]
) -> dict[str, Any]:
    """Return counts, faults, and the first of what changes; ``fingerprint`` tells a changed catalogue afterwards."""
    made, met = sorted(new_workspaces), sorted(new_owners)
    return {
        "lines": lines.count,
        "counts": changes.counts,
        "fault_count": len(lines.faults),
        "faults": [each.to_json() for each in lines.faults[:MOST_FAULTS_SHOWN]],
        "changes": [
            {
                "resource_type": each.wanted.key[0],
                "external_id": each.wanted.key[1],
                "name": each.kept.values["name"],
                "before": dict(each.before),
                "after": dict(each.after),
            }
            for each in changes.changed[:MOST_CHANGES_SHOWN]
        ],
        "new_workspaces": {"count": len(made), "names": made[:MOST_NAMES_SHOWN]},
        "new_owners": {"count": len(met), "names": met[:MOST_NAMES_SHOWN]},
        "fingerprint": _fingerprint(changes),
    }


def _fingerprint(changes: Changes) -> str:
    digest = hashlib.sha256()
    for new in changes.new:
        digest.update(repr((new.key, sorted(new.values.items()))).encode())
    for each in changes.changed:
        told = (each.kept.id, sorted(each.before.items()), sorted(each.after.items()))
        digest.update(repr(told).encode())
    return digest.hexdigest()
