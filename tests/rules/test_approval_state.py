"""The state machine of an approval has no way out of an outcome, and a request always has one state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.approval_state import (
    FINAL,
    OUTCOMES,
    OWN_ENDS,
    ApprovalState,
    IllegalStep,
    agrees_with,
    check_step,
    is_final,
    sum_up,
)

STATES = st.sampled_from(ApprovalState)
# What one approval can be in: partly approved is said of requests.
OF_APPROVALS = sorted(set(ApprovalState) - {ApprovalState.PARTLY_APPROVED})
SEVERAL = st.lists(st.sampled_from(OF_APPROVALS), min_size=1, max_size=6)
FIRST = (ApprovalState.SUBMITTED, ApprovalState.AWAITING_ACCEPTANCE)


def may_step(before: str, after: str) -> bool:
    try:
        check_step(before, after)
    except IllegalStep:
        return False
    return True


@given(before=st.sampled_from(sorted(FINAL)), after=STATES)
def test_nothing_leads_out_of_an_end(before: ApprovalState, after: ApprovalState) -> None:
    assert not may_step(before, after)


@given(here=st.sampled_from(FIRST), path=st.lists(STATES, max_size=12))
def test_an_end_is_the_end_of_every_path(here: ApprovalState, path: list[ApprovalState]) -> None:
    for wanted in path:
        if may_step(here, wanted):
            assert not is_final(here)
            here = wanted


def test_whoever_finds_a_start_begun_cannot_begin_it_again() -> None:
    assert not may_step(ApprovalState.STARTING, ApprovalState.STARTING)
    assert not may_step(ApprovalState.START_UNKNOWN, ApprovalState.STARTING)
    assert not may_step(ApprovalState.START_UNKNOWN, ApprovalState.SUBMITTED)


@pytest.mark.parametrize("end", sorted(FINAL - {ApprovalState.WITHDRAWN, ApprovalState.LAPSED}))
def test_only_a_running_approval_has_a_decision_or_passes_it_on(end: ApprovalState) -> None:
    assert [state for state in ApprovalState if may_step(state, end)] == [ApprovalState.PENDING]


def test_nobody_is_asked_before_the_colleague_accepted() -> None:
    after = {state for state in ApprovalState if may_step(ApprovalState.AWAITING_ACCEPTANCE, state)}
    assert ApprovalState.STARTING not in after
    assert not after & (OUTCOMES - {ApprovalState.WITHDRAWN})


@given(state=STATES)
def test_no_approval_is_partly_approved(state: ApprovalState) -> None:
    assert not may_step(state, ApprovalState.PARTLY_APPROVED)
    assert not may_step(ApprovalState.PARTLY_APPROVED, state)


@given(state=st.sampled_from(sorted(FINAL)), told=st.sampled_from(sorted(OUTCOMES)))
def test_only_what_the_portal_ended_itself_may_be_told_of_in_another_word(
    state: ApprovalState, told: ApprovalState
) -> None:
    is_own = state in OWN_ENDS and told == ApprovalState.WITHDRAWN
    assert agrees_with(state, told) == (state == told or is_own)


@pytest.mark.parametrize("state", [state for state in OF_APPROVALS if not is_final(state)])
def test_every_open_state_can_still_come_to_an_end(state: ApprovalState) -> None:
    reached = {state}
    while True:
        further = {after for after in ApprovalState for before in reached if may_step(before, after)}
        if further <= reached:
            break
        reached |= further
    assert reached >= FINAL


@given(states=SEVERAL)
def test_a_request_is_summed_up_in_one_state_whatever_their_order(states: list[ApprovalState]) -> None:
    summed = sum_up(states)
    assert summed in {*states, ApprovalState.PARTLY_APPROVED, ApprovalState.LAPSED}
    assert sum_up(reversed(states)) == summed


@given(states=SEVERAL)
def test_a_request_is_over_only_when_all_its_approvals_are(states: list[ApprovalState]) -> None:
    assert is_final(sum_up(states)) == all(is_final(state) for state in states)


@given(states=SEVERAL)
def test_a_request_is_approved_only_when_all_approvals_that_count_are(states: list[ApprovalState]) -> None:
    counting = set(states) - {ApprovalState.ESCALATED}
    assert (sum_up(states) == ApprovalState.APPROVED) == (counting == {ApprovalState.APPROVED})


@given(states=SEVERAL)
def test_a_request_is_partly_approved_when_it_is_over_and_some_were_not(states: list[ApprovalState]) -> None:
    counting = set(states) - {ApprovalState.ESCALATED}
    is_part = ApprovalState.APPROVED in counting and len(counting) > 1 and counting <= FINAL
    assert (sum_up(states) == ApprovalState.PARTLY_APPROVED) == is_part


@given(states=SEVERAL)
def test_an_approval_that_was_passed_on_changes_nothing_in_the_sum(states: list[ApprovalState]) -> None:
    assert sum_up([*states, ApprovalState.ESCALATED]) == sum_up(states)


def test_a_request_without_anybody_who_decides_has_lapsed() -> None:
    assert sum_up([]) == ApprovalState.LAPSED
