"""The life of an approval, and how a request sums up its approvals."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class ApprovalState(StrEnum):
    """Where one approval stands. See the drawing in docs/architecture.md."""

    SUBMITTED = "submitted"
    STARTING = "starting"
    START_UNKNOWN = "start_unknown"
    NEEDS_CHOICE = "needs_choice"
    COULD_NOT_START = "could_not_start"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"


OUTCOMES = frozenset(
    {ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.WITHDRAWN, ApprovalState.TERMINATED}
)

# Incidents of approvals that nobody but the requester agreed to, or nobody at all: they give nothing to anybody.
DOES_NOT_COUNT = frozenset({"self_approved", "nobody_agreed"})

# An instance may still turn up for these: nothing is known to run, and nothing was given up.
AWAITING_INSTANCE = frozenset({ApprovalState.SUBMITTED, ApprovalState.STARTING, ApprovalState.START_UNKNOWN})

_NEXT: dict[ApprovalState, frozenset[ApprovalState]] = {
    ApprovalState.SUBMITTED: frozenset({ApprovalState.STARTING, ApprovalState.WITHDRAWN}),
    ApprovalState.STARTING: frozenset(
        {
            ApprovalState.PENDING,
            ApprovalState.START_UNKNOWN,
            ApprovalState.COULD_NOT_START,
            ApprovalState.NEEDS_CHOICE,
            ApprovalState.SUBMITTED,
        }
    ),
    ApprovalState.NEEDS_CHOICE: frozenset({ApprovalState.SUBMITTED, ApprovalState.WITHDRAWN}),
    ApprovalState.START_UNKNOWN: frozenset({ApprovalState.PENDING, ApprovalState.COULD_NOT_START}),
    ApprovalState.COULD_NOT_START: frozenset({ApprovalState.SUBMITTED, ApprovalState.WITHDRAWN}),
    ApprovalState.PENDING: OUTCOMES,
}


class IllegalStep(Exception):
    """An approval was asked to move where its state machine has no way."""


def is_final(state: str) -> bool:
    """Whether nothing can change any more."""
    return state in OUTCOMES


def check_step(before: str, after: str) -> None:
    """Raise ``IllegalStep`` unless an approval may move from ``before`` to ``after``."""
    if ApprovalState(after) not in _NEXT.get(ApprovalState(before), frozenset()):
        raise IllegalStep(f"{before} -> {after}")


# The state that a person should see first when approvals of one request differ.
_MOST_TELLING = (
    ApprovalState.NEEDS_CHOICE,
    ApprovalState.COULD_NOT_START,
    ApprovalState.START_UNKNOWN,
    ApprovalState.STARTING,
    ApprovalState.SUBMITTED,
    ApprovalState.PENDING,
    ApprovalState.REJECTED,
    ApprovalState.TERMINATED,
    ApprovalState.WITHDRAWN,
    ApprovalState.APPROVED,
)


def sum_up(states: Iterable[str]) -> ApprovalState:
    """Return the one state that stands for a request with these approval states (at least one)."""
    present = {ApprovalState(state) for state in states}
    return next(state for state in _MOST_TELLING if state in present)
