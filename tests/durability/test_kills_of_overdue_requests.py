"""Kill the worker between any two steps of what the portal does when nobody decides in time.

Whatever was under way: the request is passed on once or lapses once, its requester is told once, and nothing runs in
DingTalk that the portal does not know.

| boundary | what has happened at the kill |
|---|---|
| overdue | time has run out; nobody has looked |
| end_promised | the end of what runs is promised; nobody has taken it up |
| withdrawal_sent | DingTalk is about to be told |
| withdrawn_in_dingtalk | DingTalk has ended it; the portal does not know |
| end_not_committed | the portal knows; its commit, with whoever is asked next, is still to come |
| next_forecast | whoever is asked next stands on a row of its own; its start is claimed, and nothing is created |
| next_created | DingTalk has the second instance; its id is not known |
| next_not_committed | the id is known; the commit is still to come |
| done | it is passed on, or has lapsed |
"""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.durability.door import Moment, Step
from tests.durability.overdue_request import OverdueRequest, set_up_rules
from tests.durability.running_portal import RunningPortal, Victim
from tests.durability.step_boundaries import TO_THE_COMMIT_SECONDS
from tests.services.engines import on_both_engines
from tests.services.story import try_again

pytestmark = [on_both_engines, pytest.mark.slow]

WITHOUT_WORKER = ("overdue", "end_promised")
HELD = {
    "withdrawal_sent": (Step.WITHDRAW, Moment.ASKED),
    "withdrawn_in_dingtalk": (Step.WITHDRAW, Moment.ANSWERED),
    "end_not_committed": (Step.WITHDRAW, Moment.ANSWERED),
    "next_forecast": (Step.FORECAST, Moment.ANSWERED),
    "next_created": (Step.START, Moment.ANSWERED),
    "next_not_committed": (Step.START, Moment.ANSWERED),
}
NOT_COMMITTED = ("end_not_committed", "next_not_committed")
ENDS = (*WITHOUT_WORKER, "withdrawal_sent", "withdrawn_in_dingtalk", "end_not_committed", "done")


@pytest.fixture(scope="module")
def people(portal: RunningPortal) -> RunningPortal:
    set_up_rules(portal)
    return portal


def kill_at(boundary: str, overdue: OverdueRequest, *, done: tuple[str, ...]) -> None:
    """Let time run out, come to the boundary, and kill the worker there."""
    portal = overdue.portal
    instance_id = overdue.start()
    if boundary in WITHOUT_WORKER:
        portal.kill(Victim.WORKER)
        overdue.let_time_run_out()
        if boundary == "end_promised":
            overdue.promise_end()
        return
    with ExitStack() as held:
        if boundary in HELD:
            step, moment = HELD[boundary]
            containing = instance_id if step == Step.WITHDRAW else overdue.number
            hold = portal.to_dingtalk.hold(step, moment, containing=containing)
            overdue.let_time_run_out()
            hold.wait()
            if boundary in NOT_COMMITTED:
                held.enter_context(portal.held_database("portal_approval"))
                hold.release()
                time.sleep(TO_THE_COMMIT_SECONDS)
        else:
            overdue.let_time_run_out()
            overdue.hurry(*done)
        portal.kill(Victim.WORKER)
    portal.cut_all()


def go_on(overdue: OverdueRequest, *states: str, is_given_up: bool = False) -> None:
    """Start the worker again, and let all that it has to do be done.

    ``is_given_up``: it cannot know whether a start came about, finds nothing, and its requester presses Try again.
    """
    overdue.portal.start()
    if is_given_up:
        overdue.hurry(*states[:-1], "could_not_start")
        try_again(overdue.portal.world, overdue.number)
    overdue.hurry(*states)
    overdue.portal.wait_until_all_is_told()
    overdue.portal.wait_until_inbox_is_settled()
    assert overdue.states() == list(states)


@pytest.mark.parametrize("boundary", [*ENDS[:-1], *list(HELD)[3:], "done"])
def test_it_is_passed_on_once_whenever_the_worker_dies(people: RunningPortal, boundary: str) -> None:
    overdue = OverdueRequest(people, "escalates_at")
    kill_at(boundary, overdue, done=("escalated", "pending"))
    is_given_up = boundary == "next_forecast"
    go_on(overdue, "escalated", "pending", is_given_up=is_given_up)

    first, second = overdue.known_instances()
    there = {each["instance_id"]: (each["status"], each["waiting_for"]) for each in overdue.instances()}
    assert there == {first: ("TERMINATED", []), second: ("RUNNING", ["iris"])}
    assert overdue.audited("approval.escalated") == 1
    assert (overdue.strays(), overdue.is_over()) == (0, False)
    # OA tells whoever decides now; for the requester nothing has changed unless they have to do something.
    assert overdue.notices() == (["could_not_start"] if is_given_up else [])


@pytest.mark.parametrize("boundary", ENDS)
def test_it_lapses_once_whenever_the_worker_dies(people: RunningPortal, boundary: str) -> None:
    overdue = OverdueRequest(people, "lapses_at")
    kill_at(boundary, overdue, done=("lapsed",))
    go_on(overdue, "lapsed")

    assert [(each["instance_id"], each["status"]) for each in overdue.instances()] == [
        (overdue.known_instances()[0], "TERMINATED")
    ]
    assert overdue.audited("approval.outcome") == 1
    assert (overdue.strays(), overdue.is_over()) == (0, True)
    assert overdue.notices() == ["lapsed"]
