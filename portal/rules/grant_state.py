"""The life of a grant: access that was approved, takes effect, and ends."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class GrantState(StrEnum):
    """Where one grant stands.

    ``DUE``: approved, not yet in effect. ``FAILING``: the target does not do what is wanted, tried again or waiting
    for a remedy. The three ends are final and are reached once the target has taken the access away.
    """

    DUE = "due"
    ACTIVE = "active"
    FAILING = "failing"
    EXPIRED = "expired"
    RETURNED = "returned"
    REVOKED = "revoked"


ENDS = frozenset({GrantState.EXPIRED, GrantState.RETURNED, GrantState.REVOKED})
OPEN = frozenset(GrantState) - ENDS

_NEXT: dict[GrantState, frozenset[GrantState]] = {
    GrantState.DUE: frozenset({GrantState.ACTIVE, GrantState.FAILING}) | ENDS,
    GrantState.ACTIVE: frozenset({GrantState.FAILING}) | ENDS,
    GrantState.FAILING: frozenset({GrantState.ACTIVE}) | ENDS,
}


class IllegalGrantStep(Exception):
    """A grant was asked to move where its state machine has no way."""


def check_grant_step(before: str, after: str) -> None:
    """Raise ``IllegalGrantStep`` unless a grant may move from ``before`` to ``after``."""
    if GrantState(after) not in _NEXT.get(GrantState(before), frozenset()):
        raise IllegalGrantStep(f"{before} -> {after}")


def has_ended(state: str) -> bool:
    """Whether nothing can change any more."""
    return state in ENDS


def is_in_effect(state: str, *, ending: str | None, expires_at: datetime | None, now: datetime) -> bool:
    """Whether the person is meant to have the access now, whatever the target has made of it."""
    return state not in ENDS and ending is None and (expires_at is None or now < expires_at)
