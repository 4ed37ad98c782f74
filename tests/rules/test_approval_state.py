"""The state machine of an approval has no way out of an outcome, and a request always has one state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.approval_state import OUTCOMES, ApprovalState, IllegalStep, check_step, is_final, sum_up

STATES = st.sampled_from(ApprovalState)


def may_step(before: str, after: str) -> bool:
    try:
        check_step(before, after)
    except IllegalStep:
        return False
    return True


@given(before=st.sampled_from(sorted(OUTCOMES)), after=STATES)
def test_nothing_leads_out_of_an_outcome(before: ApprovalState, after: ApprovalState) -> None:
    assert not may_step(before, after)


@given(path=st.lists(STATES, max_size=12))
def test_an_outcome_is_the_end_of_every_path(path: list[ApprovalState]) -> None:
    here = ApprovalState.SUBMITTED
    for wanted in path:
        if may_step(here, wanted):
            assert not is_final(here)
            here = wanted


def test_whoever_finds_a_start_begun_cannot_begin_it_again() -> None:
    assert not may_step(ApprovalState.STARTING, ApprovalState.STARTING)
    assert not may_step(ApprovalState.START_UNKNOWN, ApprovalState.STARTING)
    assert not may_step(ApprovalState.START_UNKNOWN, ApprovalState.SUBMITTED)


@pytest.mark.parametrize("outcome", sorted(OUTCOMES - {ApprovalState.WITHDRAWN}))
def test_only_a_started_approval_has_a_decision(outcome: ApprovalState) -> None:
    assert [state for state in ApprovalState if may_step(state, outcome)] == [ApprovalState.PENDING]


@pytest.mark.parametrize("state", sorted(set(ApprovalState) - OUTCOMES))
def test_every_open_state_can_still_come_to_an_end(state: ApprovalState) -> None:
    reached = {state}
    while True:
        further = {after for after in ApprovalState for before in reached if may_step(before, after)}
        if further <= reached:
            break
        reached |= further
    assert reached >= OUTCOMES


@given(states=st.lists(STATES, min_size=1, max_size=6))
def test_a_request_is_summed_up_in_one_of_its_states_whatever_their_order(
    states: list[ApprovalState],
) -> None:
    summed = sum_up(states)
    assert summed in states
    assert sum_up(reversed(states)) == summed


@given(states=st.lists(STATES, min_size=1, max_size=6))
def test_a_request_is_over_only_when_all_its_approvals_are(states: list[ApprovalState]) -> None:
    assert is_final(sum_up(states)) == all(is_final(state) for state in states)


@given(states=st.lists(STATES, min_size=1, max_size=6))
def test_a_request_is_approved_only_when_all_its_approvals_are(states: list[ApprovalState]) -> None:
    assert (sum_up(states) == ApprovalState.APPROVED) == (set(states) == {ApprovalState.APPROVED})


def test_a_request_without_approvals_is_a_mistake_of_ours() -> None:
    with pytest.raises(StopIteration):
        sum_up([])
