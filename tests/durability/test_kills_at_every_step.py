"""Kill web, worker or both between any two steps: the request still comes to the one end that DingTalk shows.

The boundaries are listed in tests/durability/step_boundaries.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.durability.running_portal import RunningPortal, Victim
from tests.durability.step_boundaries import BOUNDARIES, Reach
from tests.durability.story import Story
from tests.durability.truth import judge
from tests.durability.visitor import Visitor
from tests.services.engines import on_both_engines

pytestmark = [on_both_engines, pytest.mark.slow]


@pytest.fixture
def visitor(portal: RunningPortal) -> Iterator[Visitor]:
    made = Visitor(portal, "bob")
    yield made
    made.close()


@pytest.mark.parametrize("victim", Victim)
@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda each: each.__name__)
def test_a_request_survives_a_kill_between_any_two_steps(
    portal: RunningPortal, visitor: Visitor, boundary: Reach, victim: Victim
) -> None:
    story = Story(portal, visitor)
    with ExitStack() as held:
        boundary(story, held)
        portal.kill(victim)
    portal.cut_all()
    portal.start()

    outcome = story.finish()
    story.portal.wait_until_all_is_told()
    portal.wait_until_inbox_is_settled()

    assert outcome == ("withdrawn" if story.is_to_be_withdrawn else "approved")
    verdict = judge(portal.world, [story.number])
    assert verdict.is_kept, verdict.details()
