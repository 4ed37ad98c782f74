"""How long access may be asked for."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.validity import LONGEST_DAYS, ValidityFault, check_validity

TODAY = date(2026, 11, 22)


@given(days=st.none() | st.integers(), until=st.none() | st.dates())
def test_what_is_accepted_lies_within_the_longest_time(days: int | None, until: date | None) -> None:
    try:
        validity = check_validity(days=days, until=until, today=TODAY)
    except ValidityFault as fault:
        assert fault.reason in ("past", "too_far", "missing")  # noqa: PT017
        return
    ends_on = validity.until or TODAY + timedelta(days=validity.days or 0)
    assert TODAY < ends_on <= TODAY + timedelta(days=LONGEST_DAYS)
    assert (validity.days is None) != (validity.until is None)


@pytest.mark.parametrize(
    ("days", "until", "reason"),
    [
        (None, None, "missing"),
        (None, TODAY, "past"),
        (None, TODAY - timedelta(days=1), "past"),
        (None, TODAY + timedelta(days=LONGEST_DAYS + 1), "too_far"),
        (0, None, "too_far"),
        (-1, None, "too_far"),
        (LONGEST_DAYS + 1, None, "too_far"),
    ],
)
def test_what_is_refused_has_its_reason(days: int | None, until: date | None, reason: str) -> None:
    with pytest.raises(ValidityFault) as fault:
        check_validity(days=days, until=until, today=TODAY)
    assert fault.value.reason == reason
