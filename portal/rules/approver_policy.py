"""Who can decide about a resource: people of the kinds an admin ticked, in the admin's order, else the fallback.

Never the person who asks nor the person who gets the access, and nobody in the place of either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class ApproverKind(StrEnum):
    """By which kind somebody can decide (Quick BI: the default approvers of its approval settings)."""

    PERMISSION_ADMINISTRATOR = "permission_administrator"
    WORKSPACE_ADMINISTRATOR = "workspace_administrator"
    DATA_WORK_OWNER = "data_work_owner"
    ENTERPRISE_SECURITY_ADMINISTRATOR = "enterprise_security_administrator"


class ChoiceReason(StrEnum):
    """Why this approver was chosen; shown to the requester before submitting."""

    OWNER = "owner"
    PERMISSION_ADMINISTRATOR = "permission_administrator"
    WORKSPACE_ADMINISTRATOR = "workspace_administrator"
    ENTERPRISE_SECURITY_ADMINISTRATOR = "enterprise_security_administrator"
    FALLBACK_OWNER_ASKS = "fallback_owner_asks"
    FALLBACK_NO_OWNER = "fallback_no_owner"
    FALLBACK_OWNER_LEFT = "fallback_owner_left"
    FALLBACK_NO_OTHER = "fallback_no_other"
    CHOSEN = "chosen"
    PASSED_ON = "passed_on"
    TRIAL = "trial"


class NobodyReason(StrEnum):
    """Why the fallback approver cannot decide either; each has its own remedy."""

    NO_FALLBACK = "no_fallback"
    FALLBACK_ASKS = "fallback_asks"
    FALLBACK_GETS = "fallback_gets"
    FALLBACK_LEFT = "fallback_left"
    FALLBACK_AWAY = "fallback_away"
    FALLBACK_UNREACHABLE = "fallback_unreachable"
    FALLBACK_AUDITS = "fallback_audits"


class GapReason(StrEnum):
    """Why a kind has nobody who can decide: of the last of its people who was looked at."""

    NOBODY = "nobody"
    ASKS = "asks"
    GETS = "gets"
    LEFT = "left"
    AWAY = "away"
    UNREACHABLE = "unreachable"
    AUDITS = "audits"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A person who could decide: our id, whether still in the organisation, and whether the channel reaches them.

    Whoever is an auditor and nothing else takes no part in what they judge.
    """

    person_id: int
    is_active: bool
    is_reachable: bool = True
    is_auditor: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Somebody who can decide, by which kind (``None``: as the fallback), why, and for whom on leave."""

    person_id: int
    kind: ApproverKind | None
    reason: ChoiceReason
    stands_in_for_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A ticked kind that has nobody who can decide, and why."""

    kind: ApproverKind
    reason: GapReason


@dataclass(frozen=True, kw_only=True)
class Nobody:
    """Nobody can decide: why not the fallback, and why not the people of each ticked kind."""

    reason: NobodyReason
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks and who gets the access: the same person unless asked on behalf of a colleague."""

    requester_id: int
    grantee_id: int


_REASON_OF_KIND = {
    ApproverKind.PERMISSION_ADMINISTRATOR: ChoiceReason.PERMISSION_ADMINISTRATOR,
    ApproverKind.WORKSPACE_ADMINISTRATOR: ChoiceReason.WORKSPACE_ADMINISTRATOR,
    ApproverKind.DATA_WORK_OWNER: ChoiceReason.OWNER,
    ApproverKind.ENTERPRISE_SECURITY_ADMINISTRATOR: ChoiceReason.ENTERPRISE_SECURITY_ADMINISTRATOR,
}
_FALLBACK_OF_GAP = {
    GapReason.NOBODY: NobodyReason.NO_FALLBACK,
    GapReason.ASKS: NobodyReason.FALLBACK_ASKS,
    GapReason.GETS: NobodyReason.FALLBACK_GETS,
    GapReason.LEFT: NobodyReason.FALLBACK_LEFT,
    GapReason.AWAY: NobodyReason.FALLBACK_AWAY,
    GapReason.UNREACHABLE: NobodyReason.FALLBACK_UNREACHABLE,
    GapReason.AUDITS: NobodyReason.FALLBACK_AUDITS,
}
# Where only owners are asked, the reason for the fallback can be told exactly.
_FALLBACK_FOR_OWNER = {
    GapReason.NOBODY: ChoiceReason.FALLBACK_NO_OWNER,
    GapReason.ASKS: ChoiceReason.FALLBACK_OWNER_ASKS,
    GapReason.LEFT: ChoiceReason.FALLBACK_OWNER_LEFT,
}


def who_can_decide(
    asking: Asking,
    *,
    people: Sequence[tuple[ApproverKind, Sequence[Candidate]]],
    fallback: Candidate | None,
    delegates: Mapping[int, Candidate],
) -> tuple[Choice, ...] | Nobody:
    """Return all who can decide, the first of them by default, each person once; or why nobody can.

    Args:
        asking: whose request it is; neither decides, nor anybody in their place.
        people: the ticked kinds in the admin's order, each with its people.
        fallback: who decides where no kind has anybody.
        delegates: who stands in for each person on leave today.
    """
    choices: dict[int, Choice] = {}
    gaps = []
    for kind, candidates in people:
        gap = GapReason.NOBODY
        for candidate in candidates:
            found = _present(candidate, asking=asking, delegates=delegates)
            if isinstance(found, GapReason):
                gap = found
                continue
            choices.setdefault(found.person_id, _choice(kind, _REASON_OF_KIND[kind], found, candidate))
        gaps.append(Gap(kind=kind, reason=gap))
    if choices:
        return tuple(choices.values())
    if fallback is None:
        return Nobody(reason=NobodyReason.NO_FALLBACK, gaps=tuple(gaps))
    found = _present(fallback, asking=asking, delegates=delegates)
    if isinstance(found, GapReason):
        return Nobody(reason=_FALLBACK_OF_GAP[found], gaps=tuple(gaps))
    return (_choice(None, _why_the_fallback(gaps), found, fallback),)


def _choice(
    kind: ApproverKind | None, reason: ChoiceReason, found: Candidate, candidate: Candidate
) -> Choice:
    stands_in_for = candidate.person_id if found.person_id != candidate.person_id else None
    return Choice(person_id=found.person_id, kind=kind, reason=reason, stands_in_for_id=stands_in_for)


def _present(
    candidate: Candidate, *, asking: Asking, delegates: Mapping[int, Candidate]
) -> Candidate | GapReason:
    """Return the candidate, or whoever stands in for them today, or why neither can decide."""
    at_first = _refusal(candidate, asking)
    if at_first is not None:
        return at_first
    for person in _line_of_delegates(candidate, delegates):
        if _refusal(person, asking) is not None:
            return GapReason.AWAY
        if person.person_id not in delegates:
            return person
    return GapReason.AWAY


def _line_of_delegates(candidate: Candidate, delegates: Mapping[int, Candidate]) -> Iterator[Candidate]:
    """Yield a candidate, their delegate, that one's delegate …; ends at who is there, and where it turns back."""
    seen: set[int] = set()
    person: Candidate | None = candidate
    while person is not None and person.person_id not in seen:
        seen.add(person.person_id)
        yield person
        person = delegates.get(person.person_id)


def _refusal(candidate: Candidate, asking: Asking) -> GapReason | None:
    if not candidate.is_active:
        return GapReason.LEFT
    if candidate.person_id == asking.requester_id:
        return GapReason.ASKS
    if candidate.person_id == asking.grantee_id:
        return GapReason.GETS
    if candidate.is_auditor:
        return GapReason.AUDITS
    return None if candidate.is_reachable else GapReason.UNREACHABLE


def _why_the_fallback(gaps: Sequence[Gap]) -> ChoiceReason:
    if [gap.kind for gap in gaps] == [ApproverKind.DATA_WORK_OWNER]:
        return _FALLBACK_FOR_OWNER.get(gaps[0].reason, ChoiceReason.FALLBACK_NO_OTHER)
    return ChoiceReason.FALLBACK_NO_OTHER
