"""The state machine of a grant: every life comes to one end, and nobody has access past it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.grant_state import (
    ENDS,
    OPEN,
    GrantState,
    IllegalGrantStep,
    check_grant_step,
    has_ended,
    is_in_effect,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STATES = st.sampled_from(GrantState)
MOMENTS = st.none() | st.integers(-10_000, 10_000).map(lambda seconds: NOW + timedelta(seconds=seconds))
ENDINGS = st.none() | st.sampled_from(sorted(ENDS))


def may_step(before: str, after: str) -> bool:
    try:
        check_grant_step(before, after)
    except IllegalGrantStep:
        return False
    return True


def reached_from(*states: GrantState) -> set[GrantState]:
    reached = set(states)
    while True:
        further = {after for after in GrantState for before in reached if may_step(before, after)}
        if further <= reached:
            return reached
        reached |= further


@given(path=st.lists(STATES, max_size=12))
def test_an_end_is_the_end_of_every_life(path: list[GrantState]) -> None:
    here = GrantState.DUE
    for wanted in path:
        if may_step(here, wanted):
            assert not has_ended(here)
            here = wanted


@given(before=st.sampled_from(sorted(ENDS)), after=STATES)
def test_access_that_ended_never_comes_back(before: GrantState, after: GrantState) -> None:
    assert not may_step(before, after)


@given(before=STATES)
def test_no_grant_becomes_due_again(before: GrantState) -> None:
    assert not may_step(before, GrantState.DUE)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_every_open_state_can_still_come_to_every_end(state: GrantState) -> None:
    assert reached_from(state) >= ENDS


def test_every_state_is_reached_from_a_grant_that_is_due() -> None:
    assert reached_from(GrantState.DUE) == set(GrantState)


@given(state=STATES, ending=ENDINGS, expires_at=MOMENTS)
def test_nobody_is_meant_to_have_access_from_the_moment_it_expires(
    state: GrantState, ending: str | None, expires_at: datetime | None
) -> None:
    is_wanted = is_in_effect(state, ending=ending, expires_at=expires_at, now=NOW)
    assert is_wanted == (state in OPEN and ending is None and (expires_at is None or expires_at > NOW))


@given(state=STATES, ending=ENDINGS, expires_at=MOMENTS, seconds=st.integers(0, 20_000))
def test_time_alone_never_gives_access_back(
    state: GrantState, ending: str | None, expires_at: datetime | None, seconds: int
) -> None:
    later = NOW + timedelta(seconds=seconds)
    had_later = is_in_effect(state, ending=ending, expires_at=expires_at, now=later)
    assert not had_later or is_in_effect(state, ending=ending, expires_at=expires_at, now=NOW)
