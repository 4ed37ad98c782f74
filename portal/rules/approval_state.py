"""The life of an approval, and how a request sums up its approvals."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class ApprovalState(StrEnum):
    """Where one approval stands. See the drawing in docs/architecture.md.

    ``PARTLY_APPROVED`` is said of requests only, whose approvals came to different ends.
    """

    AWAITING_ACCEPTANCE = "awaiting_acceptance"
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
    LAPSED = "lapsed"
    ESCALATED = "escalated"
    PARTLY_APPROVED = "partly_approved"


# What a channel can tell as the end of an instance.
OUTCOMES = frozenset(
    {ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.WITHDRAWN, ApprovalState.TERMINATED}
)
# Ends that the portal sets itself: nobody decided in time, or somebody else is asked instead.
OWN_ENDS = frozenset({ApprovalState.LAPSED, ApprovalState.ESCALATED})
FINAL = OUTCOMES | OWN_ENDS


class WithdrawalPurpose(StrEnum):
    """Why the portal itself withdraws an instance; empty where the requester wants it."""

    ESCALATION = "escalation"
    LAPSE = "lapse"


_OWN_END = {
    WithdrawalPurpose.ESCALATION: ApprovalState.ESCALATED,
    WithdrawalPurpose.LAPSE: ApprovalState.LAPSED,
}

# Incidents of approvals that nobody but the requester agreed to, or nobody at all: they give nothing to anybody.
DOES_NOT_COUNT = frozenset({"self_approved", "nobody_agreed"})

# An instance may still turn up for these: nothing is known to run, and nothing was given up.
AWAITING_INSTANCE = frozenset({ApprovalState.SUBMITTED, ApprovalState.STARTING, ApprovalState.START_UNKNOWN})

_NEXT: dict[ApprovalState, frozenset[ApprovalState]] = {
    ApprovalState.AWAITING_ACCEPTANCE: frozenset(
        {ApprovalState.SUBMITTED, ApprovalState.PENDING, ApprovalState.WITHDRAWN, ApprovalState.LAPSED}
    ),
    # The in-platform channel starts nothing: its approvals are pending at once.
    ApprovalState.SUBMITTED: frozenset(
        {ApprovalState.STARTING, ApprovalState.PENDING, ApprovalState.WITHDRAWN, ApprovalState.LAPSED}
    ),
    ApprovalState.STARTING: frozenset(
        {
            ApprovalState.PENDING,
            ApprovalState.START_UNKNOWN,
            ApprovalState.COULD_NOT_START,
            ApprovalState.NEEDS_CHOICE,
            ApprovalState.SUBMITTED,
        }
    ),
    ApprovalState.NEEDS_CHOICE: frozenset(
        {ApprovalState.SUBMITTED, ApprovalState.WITHDRAWN, ApprovalState.LAPSED}
    ),
    ApprovalState.START_UNKNOWN: frozenset({ApprovalState.PENDING, ApprovalState.COULD_NOT_START}),
    ApprovalState.COULD_NOT_START: frozenset(
        {ApprovalState.SUBMITTED, ApprovalState.WITHDRAWN, ApprovalState.LAPSED}
    ),
    ApprovalState.PENDING: FINAL,
}


class IllegalStep(Exception):
    """An approval was asked to move where its state machine has no way."""


def is_final(state: str) -> bool:
    """Whether nothing can change any more."""
    return state in FINAL or state == ApprovalState.PARTLY_APPROVED


def agrees_with(state: str, told: str) -> bool:
    """Whether what a channel tells as an instance's end is how its approval ended.

    What the portal ends itself, it ends by withdrawing the instance.
    """
    return state == told or (state in OWN_ENDS and told == ApprovalState.WITHDRAWN)


def end_meant(told: ApprovalState, purpose: str | None) -> ApprovalState:
    """Return how an approval ends whose instance was told to have ended as ``told``.

    A withdrawal that the portal asked for means what it was asked for; whatever somebody else did, counts.
    """
    if purpose is None or told != ApprovalState.WITHDRAWN:
        return told
    return _OWN_END[WithdrawalPurpose(purpose)]


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
    ApprovalState.AWAITING_ACCEPTANCE,
    ApprovalState.SUBMITTED,
    ApprovalState.PENDING,
    ApprovalState.REJECTED,
    ApprovalState.TERMINATED,
    ApprovalState.LAPSED,
    ApprovalState.WITHDRAWN,
    ApprovalState.APPROVED,
)


def sum_up(states: Iterable[str]) -> ApprovalState:
    """Return the one state that stands for a request with these approval states (at least one).

    An approval that was escalated is stood for by the one that replaced it.
    """
    present = {ApprovalState(state) for state in states} - {ApprovalState.ESCALATED}
    if ApprovalState.APPROVED in present and len(present) > 1 and present <= FINAL:
        return ApprovalState.PARTLY_APPROVED
    return next((state for state in _MOST_TELLING if state in present), ApprovalState.LAPSED)
