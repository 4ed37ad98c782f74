"""Parts of numbers: which requests somebody means who typed one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.request_number import LARGEST_ID, number_part, request_number

IDS = st.integers(1, LARGEST_ID)


@given(IDS, st.integers(2000, 2099), st.data())
def test_every_beginning_of_a_number_means_it(request_id: int, year: int, choice: st.DataObject) -> None:
    number = request_number(request_id, year=year)
    length = choice.draw(st.integers(len("AR-"), len(number)))
    for typed in (number[:length], number[:length].lower()):
        part = number_part(typed)
        assert part is not None
        assert number.startswith(part.start)
        assert any(request_id in ids for ids in part.ids)


@given(IDS, st.data())
def test_digits_alone_begin_the_last_part_or_are_all_of_it_without_zeros(
    request_id: int, choice: st.DataObject
) -> None:
    digits = request_number(request_id, year=2026).rsplit("-", 1)[1]
    typed = digits[: choice.draw(st.integers(1, len(digits)))]
    for each in (typed, digits.lstrip("0")):
        part = number_part(each)
        assert part is not None
        assert part.start == ""
        assert any(request_id in ids for ids in part.ids)


@given(IDS, IDS)
def test_a_whole_number_of_six_digits_means_no_other_of_six(one: int, other: int) -> None:
    part = number_part(request_number(one, year=2026))
    assert part is not None
    is_meant = any(other in ids for ids in part.ids)
    assert is_meant == str(other).zfill(6).startswith(str(one).zfill(6))


@pytest.mark.parametrize(
    "typed",
    ["", "a", "AR", "-", "AR-2026-x", "AR 2026", "12-34", "0000000", "99999999999", "１２３", "AR-20261"],
)
def test_what_begins_no_number_is_none(typed: str) -> None:
    assert number_part(typed) is None
