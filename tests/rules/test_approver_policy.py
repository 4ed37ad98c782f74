"""Nobody approves their own request, whoever owns what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.approver_policy import (
    Candidate,
    Choice,
    ChoiceReason,
    Nobody,
    NobodyReason,
    choose_approver,
)

PEOPLE = st.integers(min_value=1, max_value=3)
CANDIDATES = st.none() | st.builds(Candidate, person_id=PEOPLE, is_active=st.booleans())
ASKER, OWNER, FALLBACK = 1, 2, 3


@given(requester_id=PEOPLE, owner=CANDIDATES, fallback=CANDIDATES)
def test_there_is_an_active_approver_who_is_not_the_requester_or_a_named_reason(
    requester_id: int, owner: Candidate | None, fallback: Candidate | None
) -> None:
    verdict = choose_approver(requester_id=requester_id, owner=owner, fallback=fallback)
    if isinstance(verdict, Nobody):
        assert verdict.reason in NobodyReason
        assert verdict.fallback_for in ChoiceReason
        return
    assert verdict.person_id != requester_id
    assert Candidate(person_id=verdict.person_id, is_active=True) in (owner, fallback)


@given(requester_id=PEOPLE, owner=CANDIDATES, fallback=CANDIDATES)
def test_an_owner_who_can_decide_always_does(
    requester_id: int, owner: Candidate | None, fallback: Candidate | None
) -> None:
    verdict = choose_approver(requester_id=requester_id, owner=owner, fallback=fallback)
    can_decide = owner is not None and owner.is_active and owner.person_id != requester_id
    assert (isinstance(verdict, Choice) and verdict.reason == ChoiceReason.OWNER) == can_decide


def person(number: int, *, left: bool = False) -> Candidate:
    return Candidate(person_id=number, is_active=not left)


@pytest.mark.parametrize(
    ("owner", "why"),
    [
        (None, ChoiceReason.FALLBACK_NO_OWNER),
        (person(OWNER, left=True), ChoiceReason.FALLBACK_OWNER_LEFT),
        (person(ASKER), ChoiceReason.FALLBACK_OWNER_ASKS),
        (person(ASKER, left=True), ChoiceReason.FALLBACK_OWNER_LEFT),
    ],
)
def test_the_fallback_decides_and_says_for_whom(owner: Candidate | None, why: ChoiceReason) -> None:
    verdict = choose_approver(requester_id=ASKER, owner=owner, fallback=person(FALLBACK))
    assert verdict == Choice(person_id=FALLBACK, reason=why)


@pytest.mark.parametrize(
    ("fallback", "reason"),
    [
        (None, NobodyReason.NO_FALLBACK),
        (person(ASKER), NobodyReason.FALLBACK_ASKS),
        (person(FALLBACK, left=True), NobodyReason.FALLBACK_LEFT),
    ],
)
def test_nobody_decides_for_a_named_reason(fallback: Candidate | None, reason: NobodyReason) -> None:
    verdict = choose_approver(requester_id=ASKER, owner=person(ASKER), fallback=fallback)
    assert verdict == Nobody(reason=reason, fallback_for=ChoiceReason.FALLBACK_OWNER_ASKS)
