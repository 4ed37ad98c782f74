"""What a list of requests or grants can be narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

LONGEST_FILTER = 100


@dataclass(frozen=True, kw_only=True)
class ListFilters:
    """All that is given must be true. Texts are parts of names; ``since`` and ``until`` are days, both included, on
    which it was asked (of grants: approved). ``state`` and ``target`` are of grants only: a list of requests has a
    state filter of its own.
    """

    person: str = ""
    resource: str = ""
    workspace: str = ""
    approver: str = ""
    resource_type: str = ""
    level: str = ""
    state: str = ""
    target: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def are_any(self) -> bool:
        """Whether anything is asked for."""
        return self != NO_FILTERS


NO_FILTERS = ListFilters()
