"""Every check there is, in the order of ``CheckName``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from portal.services.doctor.checks import Check, CheckName


class CheckGroup(Protocol):
    """A few checks that share what they ask."""

    def checks(self) -> tuple[Check, ...]: ...


def in_order(groups: Iterable[CheckGroup]) -> tuple[Check, ...]:
    """Return the checks of all groups, causes before consequences; every name must be there once."""
    found = {check.name: check for group in groups for check in group.checks()}
    return tuple(found[name] for name in CheckName)
