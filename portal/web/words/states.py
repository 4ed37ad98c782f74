"""States, reasons and records in people's words."""

from __future__ import annotations


def state_badge(state: str) -> tuple[str, str]:
    """Return the kind and the text of the badge for an approval state."""
    return "neutral", state


def approver_reason(reason: str) -> str:
    """Return why this approver was chosen, as a sentence."""
    return reason
