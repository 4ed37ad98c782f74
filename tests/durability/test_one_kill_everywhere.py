"""One power cut hits everything at once: stories held at many steps, killed together, come to their ends.

Before the processes come back the database is upgraded, as at a release that ended them in the middle of work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.durability import step_boundaries as at
from tests.durability.engines import both_engines_sqlite_daily
from tests.durability.running_portal import RunningPortal, Victim
from tests.durability.story import Story
from tests.durability.truth import judge
from tests.durability.visitor import Visitor

pytestmark = both_engines_sqlite_daily

# Fewer than the worker has hands; the last two keep everybody from committing, so they come last.
TOGETHER = (
    at.outcome_committed,
    at.read_answered,
    at.withdrawn_in_dingtalk,
    at.event_not_answered,
    at.create_sent,
    at.instance_created,
    at.form_committed,
    at.start_not_committed,
    at.form_arrived,
)


@pytest.fixture
def visitor(portal: RunningPortal) -> Iterator[Visitor]:
    made = Visitor(portal, "bob")
    yield made
    made.close()


@pytest.mark.slow
def test_a_power_cut_and_an_upgrade_while_requests_are_at_many_steps_lose_and_double_none(
    portal: RunningPortal, visitor: Visitor
) -> None:
    stories = [Story(portal, visitor) for _ in TOGETHER]
    with ExitStack() as held:
        for story, boundary in zip(stories, TOGETHER, strict=True):
            boundary(story, held)
        portal.kill(Victim.BOTH)
    portal.cut_all()
    portal.upgrade_database()
    portal.start()

    outcomes = [story.finish() for story in stories]
    portal.wait_until_all_is_told()
    portal.wait_until_inbox_is_settled()

    assert outcomes == ["withdrawn" if story.is_to_be_withdrawn else "approved" for story in stories]
    verdict = judge(portal.world, [story.number for story in stories])
    assert verdict.is_kept, verdict.details()
    assert verdict.requests == len(TOGETHER)
