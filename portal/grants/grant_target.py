"""The port that every grant target fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from portal.channels.failures import Failure


class TargetName(StrEnum):
    """Targets that can deliver a grant; it keeps the one it was made for."""

    MANUAL = "manual"
    WEBHOOK = "webhook"
    QUICKBI = "quickbi"


# What these leave to be done by hand, the portal asks people for; a webhook's tool asks its own.
LEAVES_TO_HANDS = frozenset({TargetName.MANUAL, TargetName.QUICKBI})


@dataclass(frozen=True, kw_only=True)
class GrantOrder:
    """All that a target needs to know of one grant, as plain values.

    ``delivery_id`` is the same however often one delivery (or removal) is tried. ``expires_at`` is the portal's own
    end, None without one. ``others`` are what the same person holds of the same resource by other grants of ours
    that are in effect. ``known`` is what an earlier delivery of this grant told (``Delivered.facts``).
    ``is_first_try`` means that nothing can have been sent for this grant yet: what the target has is not from it.
    """

    grant_id: int
    delivery_id: str
    request_number: str
    person_user_id: str
    person_union_id: str
    person_name: str
    resource_type: str
    resource_id: str
    resource_name: str
    workspace_id: str
    link: str
    entitlement: str
    columns: tuple[str, ...]
    approved_at: datetime
    expires_at: datetime | None
    others: tuple[OtherGrant, ...] = ()
    known: dict[str, Any] = field(default_factory=dict)
    is_first_try: bool = False


@dataclass(frozen=True, kw_only=True)
class OtherGrant:
    """Another grant of the same person on the same resource that is in effect."""

    entitlement: str
    columns: tuple[str, ...]
    expires_at: datetime | None


class Doing(StrEnum):
    """How far a target came: done, or waiting for a person who acts by hand."""

    DONE = "done"
    BY_HAND = "by_hand"


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What a target made of an order. ``facts`` are plain, stored with the grant, and hold nothing secret."""

    doing: Doing = Doing.DONE
    facts: dict[str, Any] = field(default_factory=dict)


class Finding(StrEnum):
    """What a look at the target found."""

    AS_WANTED = "as_wanted"
    MISSING = "missing"
    LESS = "less"
    ENDS_EARLIER = "ends_earlier"
    STILL_THERE = "still_there"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A look at the target; ``facts`` explain it in the target's terms."""

    finding: Finding
    facts: dict[str, Any] = field(default_factory=dict)


class TargetError(Exception):
    """A target could not do what it was asked; ``failure`` says whether to try again and holds nothing secret."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.kind)
        self.failure = failure


class GrantTarget(Protocol):
    """Makes access take effect and ends it. Every method may raise ``TargetError`` and must bear being repeated."""

    def deliver(self, order: GrantOrder) -> Delivered:
        """Let the person have at least what is ordered, reading before writing, never shortening what is longer."""

    def remove(self, order: GrantOrder) -> Delivered:
        """Take away what this grant gave, leaving what ``others`` give and what is not ours."""

    def check(self, order: GrantOrder) -> Found:
        """Compare what the target has with what is ordered, changing nothing.

        Of access that has ended, ``MISSING`` is as it should be.
        """
