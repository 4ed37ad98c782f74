"""How people who decide in the portal are named in an approval's rows: also those whom DingTalk does not know."""

from __future__ import annotations

KEY_START = "portal:"


def decider_key(person_id: int) -> str:
    """Return what stands, in approvals of the in-platform channel, where DingTalk's have a user id."""
    return f"{KEY_START}{person_id}"
