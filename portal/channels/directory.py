"""People as a directory tells of them, and why somebody may not sign in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FoundPerson:
    """Somebody as the directory has them now; departments as the directory numbers them."""

    corp_id: str
    user_id: str
    union_id: str
    name: str
    department_ids: tuple[int, ...]
    is_active: bool


class SignInRefused(Exception):
    """A sign-in that must not become a session; ``reason`` selects the words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
