"""An answer is asked for once while it is kept, for each key; failures are not kept."""

from __future__ import annotations

import pytest

from portal.services.recently import MOST_KEPT, Recently


class Asked:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        return self.times


def test_an_answer_is_asked_for_once_while_it_is_kept() -> None:
    recently, ask = Recently[int](kept_seconds=600), Asked()
    assert [recently.read(("a",), ask), recently.read(("a",), ask)] == [1, 1]
    assert recently.read(("b",), ask) == 2


def test_an_answer_that_is_too_old_is_asked_for_again() -> None:
    recently, ask = Recently[int](kept_seconds=0), Asked()
    assert [recently.read(("a",), ask), recently.read(("a",), ask)] == [1, 2]


def test_asking_again_replaces_what_was_kept() -> None:
    recently, ask = Recently[int](kept_seconds=600), Asked()
    recently.read(("a",), ask)
    assert recently.read_again(("a",), ask) == 2
    assert recently.read(("a",), ask) == 2


def test_a_failure_is_raised_and_not_kept() -> None:
    recently = Recently[int](kept_seconds=600)

    def fail() -> int:
        raise ValueError

    with pytest.raises(ValueError):
        recently.read(("a",), fail)
    assert recently.read(("a",), Asked()) == 1


def test_only_so_many_answers_are_kept() -> None:
    recently, ask = Recently[int](kept_seconds=600), Asked()
    for number in range(MOST_KEPT + 1):
        recently.read((str(number),), ask)
    assert recently.read(("0",), ask) == MOST_KEPT + 2
    assert recently.read((str(MOST_KEPT),), ask) == MOST_KEPT + 1
