"""Approvers are chosen anew while something else happens to the same request: at most one instance, one outcome."""

from __future__ import annotations

from functools import partial

import pytest

from portal.channels.approval_channel import ChannelName
from portal.extensions import db
from portal.services.starting.start_attempts import START_LEASE
from tests.portal_world import World
from tests.services.choosing_story import FINANCE, SELECT, ask_choosing, choose_again, design, set_up_flow
from tests.services.engines import on_both_engines
from tests.services.story import approval_of, audited, follow, instances, state_of, try_again, withdraw
from tests.services.together import DONE, at_once

pytestmark = on_both_engines
NARROWED = {**SELECT, "range": ["kate", "iris"]}


@pytest.fixture
def waiting(world: World) -> str:
    """Return a request whose flow was changed before its start, so that it waits for another choice."""
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora")
    design(world, NARROWED, FINANCE)
    world.work()
    assert world.look(lambda: state_of(number)) == "needs_choice"
    return number


def test_of_choices_sent_at_the_same_moment_one_counts_and_starts_once(world: World, waiting: str) -> None:
    verdicts = at_once(
        world, *(partial(choose_again, world, waiting, each) for each in ("kate", "iris", "kate"))
    )
    assert sorted(verdicts) == sorted([DONE, "nothing_to_choose", "nothing_to_choose"])
    follow(world, waiting, "pending")
    assert len(instances(world)) == 1
    assert len(world.look(lambda: audited("request.approvers_chosen"))) == 1


def test_a_choice_that_races_a_withdrawal_ends_withdrawn(world: World, waiting: str) -> None:
    verdicts = at_once(
        world, partial(choose_again, world, waiting, "kate"), partial(withdraw, world, waiting)
    )
    assert verdicts[0] in (DONE, "nothing_to_choose")
    assert verdicts[1] == DONE
    world.work()
    assert world.look(lambda: (state_of(waiting), approval_of(waiting).request.state)) == (
        "withdrawn",
        "withdrawn",
    )
    assert instances(world) == []


@pytest.mark.parametrize("was_made", [True, False])
def test_a_worker_that_died_while_starting_a_chosen_flow_leaves_at_most_one_instance(
    world: World, was_made: bool
) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number, work = ask_choosing(world, "dora"), world.services.approval_work
    with world.app.app_context():
        approval_id = approval_of(number).id
        order, _, _ = work._claim_start(approval_id)
        if was_made:
            work.channels[ChannelName.DINGTALK].start(order)
        db.session.remove()
    design(world, NARROWED, FINANCE)
    world.let_pass(seconds=START_LEASE.total_seconds())
    follow(world, number, "pending" if was_made else "could_not_start")
    assert len(instances(world)) == was_made
    if not was_made:
        try_again(world, number)
        follow(world, number, "needs_choice")
        choose_again(world, number, "iris")
        follow(world, number, "pending")
        assert len(instances(world)) == 1
