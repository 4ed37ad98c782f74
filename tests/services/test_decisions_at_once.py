"""Several people act on one approval of the portal at the same moment: one of them counts, on either engine."""

from __future__ import annotations

from portal.services.faults import ProblemReason
from tests.portal_world import World
from tests.services.decision_story import decide_inside, grants_of, send_on_leave, set_up_here, state
from tests.services.engines import on_both_engines
from tests.services.story import actor_named, ask, audited, person_named
from tests.services.together import DONE, at_once

pytestmark = on_both_engines


def test_of_two_who_decide_at_the_same_moment_one_counts(world: World) -> None:
    asked = set_up_and_ask(world)
    send_on_leave(world, "chen", delegate="dora")
    verdicts = at_once(
        world,
        lambda: decide_inside(world, asked, "approve"),
        lambda: decide_inside(world, asked, "reject", who="dora", reason="No"),
    )
    assert sorted(verdicts) == sorted([DONE, ProblemReason.ALREADY_DECIDED.value])
    expected = "approved" if verdicts[0] == DONE else "rejected"
    assert state(world, asked) == expected
    assert len(grants_of(world, asked)) == (1 if expected == "approved" else 0)
    assert len(world.look(lambda: audited("approval.decided"))) == 1


def test_a_withdrawal_and_a_decision_at_the_same_moment_do_not_both_count(world: World) -> None:
    asked = set_up_and_ask(world)

    def withdraw_inside() -> None:
        world.services.access_requests.withdraw(actor_named("bob"), person_named("bob"), asked)

    verdicts = at_once(world, lambda: decide_inside(world, asked, "approve"), withdraw_inside)
    assert verdicts.count(DONE) == 1
    assert state(world, asked) == ("approved" if verdicts[0] == DONE else "withdrawn")
    assert len(grants_of(world, asked)) == (1 if verdicts[0] == DONE else 0)


def set_up_and_ask(world: World) -> str:
    """Return the number of a request of Bob's that waits for Chen."""
    set_up_here(world)
    return ask(world)
