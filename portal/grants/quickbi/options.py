"""What an admin decides about Quick BI because its documents leave it open, or because it touches others."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

# No value of AuthPoints is documented for these levels; until an admin says one, nothing is sent.
OPEN_LEVELS = ("use", "submit", "manage_own", "manage")


class EditOnPrivate(StrEnum):
    """What to do when Edit was approved on a resource whose edit permission property is private."""

    REFUSE = "refuse"
    SET_SPECIFIED = "set_specified"


class PortalCall(StrEnum):
    """How a data portal is granted: shared as a whole until a moment, or leaf menu by leaf menu without an end."""

    SHARE = "share"
    MENUS = "menus"


class RetrievalCall(StrEnum):
    """Which of the two documented calls grants a self-service retrieval."""

    AUTHORIZATION = "authorization"
    SHARE = "share"


class WhenNotSettled(StrEnum):
    """What becomes of a grant for which Quick BI documents no call: it fails with a remedy, or is given by hand."""

    REFUSE = "refuse"
    BY_HAND = "by_hand"


@dataclass(frozen=True, kw_only=True)
class QuickBIOptions:
    """Stored as plain JSON; an absent one has its default. The points are None until an admin says a value."""

    edit_on_private: EditOnPrivate = EditOnPrivate.REFUSE
    portal_call: PortalCall = PortalCall.SHARE
    retrieval_call: RetrievalCall = RetrievalCall.AUTHORIZATION
    when_not_settled: WhenNotSettled = WhenNotSettled.REFUSE
    use_points: int | None = None
    submit_points: int | None = None
    manage_own_points: int | None = None
    manage_points: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        known: dict[str, Any] = {each.name: stored[each.name] for each in fields(cls) if each.name in stored}
        for name, choice in _CHOICES.items():
            if name in known:
                known[name] = choice(known[name])
        return cls(**known)

    def points_of(self, level: str) -> int | None:
        """The value of AuthPoints that an admin gave for a level of ``OPEN_LEVELS``."""
        return getattr(self, f"{level}_points", None)


_CHOICES: dict[str, type[StrEnum]] = {
    "edit_on_private": EditOnPrivate,
    "portal_call": PortalCall,
    "retrieval_call": RetrievalCall,
    "when_not_settled": WhenNotSettled,
}
