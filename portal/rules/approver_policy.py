"""Who decides about a resource: the owner, else the fallback approver, never the requester."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChoiceReason(StrEnum):
    """Why this approver was chosen; shown to the requester before submitting."""

    OWNER = "owner"
    FALLBACK_OWNER_ASKS = "fallback_owner_asks"
    FALLBACK_NO_OWNER = "fallback_no_owner"
    FALLBACK_OWNER_LEFT = "fallback_owner_left"
    CHOSEN = "chosen"
    TRIAL = "trial"


class NobodyReason(StrEnum):
    """Why nobody can decide; each has its own remedy."""

    NO_FALLBACK = "no_fallback"
    FALLBACK_ASKS = "fallback_asks"
    FALLBACK_LEFT = "fallback_left"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A person who could decide: our id, and whether they are still active in the organisation."""

    person_id: int
    is_active: bool


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The approver, and why."""

    person_id: int
    reason: ChoiceReason


@dataclass(frozen=True, kw_only=True)
class Nobody:
    """Nobody can decide, and why the owner could not either (``None``: there is no owner)."""

    reason: NobodyReason
    fallback_for: ChoiceReason


def choose_approver(
    *, requester_id: int, owner: Candidate | None, fallback: Candidate | None
) -> Choice | Nobody:
    """Return who decides about ``owner``'s resource when ``requester_id`` asks for it."""
    if owner is None:
        why = ChoiceReason.FALLBACK_NO_OWNER
    elif not owner.is_active:
        why = ChoiceReason.FALLBACK_OWNER_LEFT
    elif owner.person_id == requester_id:
        why = ChoiceReason.FALLBACK_OWNER_ASKS
    else:
        return Choice(person_id=owner.person_id, reason=ChoiceReason.OWNER)
    if fallback is None:
        return Nobody(reason=NobodyReason.NO_FALLBACK, fallback_for=why)
    if fallback.person_id == requester_id:
        return Nobody(reason=NobodyReason.FALLBACK_ASKS, fallback_for=why)
    if not fallback.is_active:
        return Nobody(reason=NobodyReason.FALLBACK_LEFT, fallback_for=why)
    return Choice(person_id=fallback.person_id, reason=why)
