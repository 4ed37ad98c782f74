"""Nobody approves their own request, whoever owns what, is on leave or stands in for whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.approver_policy import (
    ApproverKind,
    Asking,
    Candidate,
    Choice,
    ChoiceReason,
    Gap,
    GapReason,
    Nobody,
    NobodyReason,
    who_can_decide,
)

OWNER_KIND = ApproverKind.DATA_WORK_OWNER
ADMIN_KIND = ApproverKind.PERMISSION_ADMINISTRATOR
WORKSPACE_KIND = ApproverKind.WORKSPACE_ADMINISTRATOR
ASKER, OWNER, FALLBACK, COLLEAGUE, ADMIN = 1, 2, 3, 4, 5

IDS = st.integers(min_value=1, max_value=6)
# One person is either there or not, wherever they are named.
ORGANISATIONS = st.fixed_dictionaries(
    {
        each: st.builds(
            Candidate,
            person_id=st.just(each),
            is_active=st.booleans(),
            is_reachable=st.booleans(),
            is_auditor=st.booleans(),
        )
        for each in range(1, 7)
    }
)


@st.composite
def situations(draw: st.DrawFn) -> dict[str, object]:
    people = draw(ORGANISATIONS)
    kinds = draw(st.permutations(list(ApproverKind)))[: draw(st.integers(0, 4))]
    fallback = draw(st.none() | IDS)
    delegates = draw(st.dictionaries(IDS, IDS, max_size=6))
    return {
        "asking": Asking(requester_id=draw(IDS), grantee_id=draw(IDS)),
        "people": [(kind, [people[each] for each in draw(st.lists(IDS, max_size=3))]) for kind in kinds],
        "fallback": people[fallback] if fallback else None,
        "delegates": {away: people[each] for away, each in delegates.items()},
    }


@given(situations())
def test_there_is_always_somebody_else_who_is_there_or_a_named_reason(situation: dict[str, object]) -> None:
    found = who_can_decide(**situation)  # type: ignore[arg-type]
    asking, delegates = situation["asking"], situation["delegates"]
    if isinstance(found, Nobody):
        assert found.reason in NobodyReason
        assert [gap.kind for gap in found.gaps] == [kind for kind, _people in situation["people"]]  # type: ignore[attr-defined]
        return
    assert found
    own = {asking.requester_id, asking.grantee_id}  # type: ignore[attr-defined]
    everybody = [each for _kind, people in situation["people"] for each in people]  # type: ignore[attr-defined]
    everybody += [each for each in (situation["fallback"], *delegates.values()) if each]  # type: ignore[attr-defined]
    for choice in found:
        assert choice.person_id not in own
        assert choice.stands_in_for_id not in own
        assert choice.person_id not in delegates  # type: ignore[operator]
        assert (
            Candidate(person_id=choice.person_id, is_active=True, is_reachable=True, is_auditor=False)
            in everybody
        )
    assert len({choice.person_id for choice in found}) == len(found)


@given(situations())
def test_nobody_is_represented_by_way_of_who_asks(situation: dict[str, object]) -> None:
    found = who_can_decide(**situation)  # type: ignore[arg-type]
    asking, delegates = situation["asking"], situation["delegates"]
    for choice in found if isinstance(found, tuple) else ():
        away_id = choice.stands_in_for_id
        while away_id is not None and away_id != choice.person_id:
            assert away_id not in (asking.requester_id, asking.grantee_id)  # type: ignore[attr-defined]
            away_id = delegates[away_id].person_id  # type: ignore[index]


@given(situations())
def test_kinds_are_asked_in_the_admins_order_and_the_fallback_only_for_want_of_all(
    situation: dict[str, object],
) -> None:
    found = who_can_decide(**situation)  # type: ignore[arg-type]
    if isinstance(found, Nobody):
        return
    order = [kind for kind, _people in situation["people"]]  # type: ignore[attr-defined]
    if found[0].kind is None:
        assert len(found) == 1
        return
    places = [order.index(choice.kind) for choice in found]
    assert places == sorted(places)


def person(number: int, *, left: bool = False, reachable: bool = True, auditor: bool = False) -> Candidate:
    return Candidate(person_id=number, is_active=not left, is_reachable=reachable, is_auditor=auditor)


def decide(
    *kinds: tuple[ApproverKind, list[Candidate]],
    fallback: Candidate | None = None,
    delegates: dict[int, Candidate] | None = None,
    grantee_id: int = ASKER,
) -> tuple[Choice, ...] | Nobody:
    return who_can_decide(
        Asking(requester_id=ASKER, grantee_id=grantee_id),
        people=kinds,
        fallback=fallback,
        delegates=delegates or {},
    )


def test_everybody_of_every_ticked_kind_can_be_chosen_the_first_by_default() -> None:
    found = decide((ADMIN_KIND, [person(ADMIN), person(6)]), (OWNER_KIND, [person(OWNER)]))
    assert found == (
        Choice(person_id=ADMIN, kind=ADMIN_KIND, reason=ChoiceReason.PERMISSION_ADMINISTRATOR),
        Choice(person_id=6, kind=ADMIN_KIND, reason=ChoiceReason.PERMISSION_ADMINISTRATOR),
        Choice(person_id=OWNER, kind=OWNER_KIND, reason=ChoiceReason.OWNER),
    )


def test_only_the_owner_is_offered_where_only_owners_are_ticked() -> None:
    found = decide((OWNER_KIND, [person(OWNER)]), fallback=person(FALLBACK))
    assert found == (Choice(person_id=OWNER, kind=OWNER_KIND, reason=ChoiceReason.OWNER),)


def test_the_delegate_of_a_delegate_decides_for_the_first() -> None:
    found = decide((OWNER_KIND, [person(OWNER)]), delegates={OWNER: person(ADMIN), ADMIN: person(6)})
    assert found == (Choice(person_id=6, kind=OWNER_KIND, reason=ChoiceReason.OWNER, stands_in_for_id=OWNER),)


@pytest.mark.parametrize(
    "delegates",
    [
        {OWNER: person(OWNER)},
        {OWNER: person(ADMIN), ADMIN: person(OWNER)},
        {OWNER: person(ASKER)},
        {OWNER: person(ASKER), ASKER: person(6)},
        {OWNER: person(COLLEAGUE)},
        {OWNER: person(ADMIN, left=True)},
        {OWNER: person(ADMIN, reachable=False)},
    ],
)
def test_a_leave_that_nobody_can_fill_is_told(delegates: dict[int, Candidate]) -> None:
    found = decide((OWNER_KIND, [person(OWNER)]), delegates=delegates, grantee_id=COLLEAGUE)
    assert found == Nobody(
        reason=NobodyReason.NO_FALLBACK, gaps=(Gap(kind=OWNER_KIND, reason=GapReason.AWAY),)
    )


@pytest.mark.parametrize(
    ("owners", "why"),
    [
        ([], ChoiceReason.FALLBACK_NO_OWNER),
        ([person(OWNER, left=True)], ChoiceReason.FALLBACK_OWNER_LEFT),
        ([person(ASKER)], ChoiceReason.FALLBACK_OWNER_ASKS),
        ([person(ASKER, left=True)], ChoiceReason.FALLBACK_OWNER_LEFT),
        ([person(COLLEAGUE)], ChoiceReason.FALLBACK_NO_OTHER),
        ([person(OWNER, reachable=False)], ChoiceReason.FALLBACK_NO_OTHER),
    ],
)
def test_the_fallback_decides_and_says_for_whom(owners: list[Candidate], why: ChoiceReason) -> None:
    found = decide((OWNER_KIND, owners), fallback=person(FALLBACK), grantee_id=COLLEAGUE)
    assert found == (Choice(person_id=FALLBACK, kind=None, reason=why),)


def test_the_fallback_for_several_kinds_is_for_want_of_all_of_them() -> None:
    found = decide((WORKSPACE_KIND, []), (OWNER_KIND, []), fallback=person(FALLBACK))
    assert found == (Choice(person_id=FALLBACK, kind=None, reason=ChoiceReason.FALLBACK_NO_OTHER),)


@pytest.mark.parametrize(
    ("fallback", "reason"),
    [
        (None, NobodyReason.NO_FALLBACK),
        (person(ASKER), NobodyReason.FALLBACK_ASKS),
        (person(COLLEAGUE), NobodyReason.FALLBACK_GETS),
        (person(FALLBACK, left=True), NobodyReason.FALLBACK_LEFT),
        (person(FALLBACK, reachable=False), NobodyReason.FALLBACK_UNREACHABLE),
        (person(FALLBACK, auditor=True), NobodyReason.FALLBACK_AUDITS),
        (person(6), NobodyReason.FALLBACK_AWAY),
    ],
)
def test_nobody_decides_for_a_named_reason(fallback: Candidate | None, reason: NobodyReason) -> None:
    found = decide(
        (OWNER_KIND, [person(ASKER)]),
        fallback=fallback,
        delegates={6: person(ASKER)},
        grantee_id=COLLEAGUE,
    )
    assert found == Nobody(reason=reason, gaps=(Gap(kind=OWNER_KIND, reason=GapReason.ASKS),))
