"""A create call that arrives long after everybody has given it up makes a twin: it is withdrawn, never applied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.durability.door import Moment, Step
from tests.durability.running_portal import RunningPortal
from tests.durability.story import Story
from tests.durability.truth import judge
from tests.durability.visitor import Visitor
from tests.durability.waiting import wait
from tests.services.engines import on_both_engines
from tests.services.story import instances

# The portal's patience with DingTalk, ten seconds, passes in earnest.
pytestmark = [on_both_engines, pytest.mark.slow]


@pytest.fixture
def visitor(portal: RunningPortal) -> Iterator[Visitor]:
    made = Visitor(portal, "bob")
    yield made
    made.close()


@pytest.mark.parametrize("decision", ["", "refuse"])
def test_an_instance_created_after_its_request_was_started_again_never_counts(
    portal: RunningPortal, visitor: Visitor, decision: str
) -> None:
    story = Story(portal, visitor)
    late = portal.to_dingtalk.hold(Step.START, Moment.ASKED, containing=story.mark)
    story.submit()
    late.wait()
    portal.hurry(story.number, "could_not_start")
    assert visitor.press(story.number, "start").status_code == 303
    portal.hurry(story.number, "pending")
    adopted = portal.instance_of(story.number)

    late.release()
    wait(lambda: len(mine(portal, story)) == 2, what="the late instance")
    twin = next(each["instance_id"] for each in mine(portal, story) if each["instance_id"] != adopted)
    if decision:
        portal.world.act(twin, "chen", decision)

    def twin_has_ended() -> bool:
        portal.let_all_pauses_pass()
        return all(each["status"] != "RUNNING" for each in mine(portal, story) if each["instance_id"] == twin)

    wait(twin_has_ended, what="the twin to end")
    portal.world.act(adopted, "chen", "agree")
    portal.wait_for(story.number, "approved")
    wait(
        lambda: not portal.let_all_pauses_pass() and portal.is_nothing_under_way(), what="the end of all work"
    )
    assert portal.instance_of(story.number) == adopted
    verdict = judge(portal.world, [story.number])
    assert verdict.is_kept, verdict.details()


def mine(portal: RunningPortal, story: Story) -> list[dict[str, str]]:
    return [each for each in instances(portal.world) if story.mark in each["values"]["Reason"]]
