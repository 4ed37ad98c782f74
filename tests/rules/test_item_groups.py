"""Grouping by who can decide: every item in one group, and never with a requester or grantee among the deciders."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.rules.approver_policy import ApproverKind, Asking, Candidate, Nobody, who_can_decide
from portal.rules.item_groups import UNDECIDED, group_items

PEOPLE = st.integers(min_value=1, max_value=6)
CANDIDATES = st.builds(Candidate, person_id=PEOPLE, is_active=st.booleans(), is_reachable=st.booleans())
KINDS = st.lists(
    st.tuples(st.sampled_from(list(ApproverKind)), st.lists(CANDIDATES, max_size=3)),
    max_size=4,
    unique_by=lambda kind: kind[0],
)


@given(st.lists(st.lists(PEOPLE, max_size=4), max_size=20))
def test_groups_share_the_items_out_without_a_gap_or_an_overlap(deciders: list[list[int]]) -> None:
    groups = group_items(deciders)
    places = [place for group in groups for place in group.places]
    assert sorted(places) == list(range(len(deciders)))
    assert len({group.key for group in groups}) == len(groups)
    for group in groups:
        people = {frozenset(deciders[place]) for place in group.places}
        assert len(people) == 1
        assert (group.key == UNDECIDED) == (people == {frozenset()})
        assert list(group.places) == sorted(group.places)
    firsts = [group.places[0] for group in groups]
    assert firsts == sorted(firsts)


@given(
    items=st.lists(KINDS, min_size=1, max_size=5),
    fallback=st.none() | CANDIDATES,
    delegates=st.dictionaries(PEOPLE, CANDIDATES, max_size=4),
    requester_id=PEOPLE,
    grantee_id=PEOPLE,
)
def test_no_group_is_decided_by_whoever_asks_or_gets_the_access(
    items: list[list[tuple[ApproverKind, list[Candidate]]]],
    fallback: Candidate | None,
    delegates: dict[int, Candidate],
    requester_id: int,
    grantee_id: int,
) -> None:
    asking = Asking(requester_id=requester_id, grantee_id=grantee_id)
    deciders = []
    for people in items:
        found = who_can_decide(asking, people=people, fallback=fallback, delegates=delegates)
        deciders.append([] if isinstance(found, Nobody) else [each.person_id for each in found])
    for group in group_items(deciders):
        for place in group.places:
            assert not {requester_id, grantee_id} & set(deciders[place])
        if group.key != UNDECIDED:
            assert group.key == "-".join(map(str, sorted(set(deciders[group.places[0]]))))
