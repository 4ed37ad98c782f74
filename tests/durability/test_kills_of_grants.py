"""Kill the worker between any two steps of a delivery or an end: the tool does each of them once, and it comes true.

| boundary | what has happened at the kill |
|---|---|
| not_taken | the grant is promised; nobody has taken it up |
| asked | the call is on its way; the tool has done nothing |
| done | the tool has done it; the portal does not know |
| not_committed | the portal knows; its commit is still to come |
| committed | it stands |
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.durability.granting_portal import Granting, Tool, set_up_webhook
from tests.durability.running_portal import RunningPortal, Victim
from tests.durability.step_boundaries import TO_THE_COMMIT_SECONDS
from tests.grants.hook import listening
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.grant_story import known_people

pytestmark = [on_both_engines, pytest.mark.slow]

BOUNDARIES = ("not_taken", "asked", "done", "not_committed", "committed")


@pytest.fixture(scope="module")
def granting(shared_world: World) -> Iterator[Granting]:
    """Web and worker running, with a tool behind the webhook."""
    known_people(shared_world, "bob", "chen")
    shared_world.environment["PORTAL_WEBHOOK_NETWORKS"] = "127.0.0.0/8"
    tool = Tool()
    with listening() as hook:
        hook.answer = lambda handler: tool.answer(hook.calls[-1].body, handler)
        set_up_webhook(shared_world, hook)
        portal = RunningPortal(shared_world)
        try:
            portal.start()
            yield Granting(portal=portal, tool=tool)
        finally:
            portal.close()


def reach(granting: Granting, boundary: str, grant_id: int, held: ExitStack, *states: str) -> None:
    """Come to a boundary of the work that was just promised, and kill the worker there."""
    if boundary in ("asked", "done", "not_committed"):
        granting.tool.wait()
    if boundary == "not_committed":
        held.enter_context(granting.portal.held_database("portal_grant"))
        granting.tool.go_on.set()
        time.sleep(TO_THE_COMMIT_SECONDS)
    if boundary == "committed":
        granting.wait_for(grant_id, *states)
    granting.portal.kill(Victim.WORKER)
    granting.tool.go_on.set()


def hold_for(granting: Granting, boundary: str) -> None:
    if boundary == "not_taken":
        granting.portal.kill(Victim.WORKER)
    elif boundary in ("asked", "done", "not_committed"):
        granting.tool.hold("asked" if boundary == "asked" else "done")


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_access_is_given_once_whenever_the_worker_dies(granting: Granting, boundary: str) -> None:
    hold_for(granting, boundary)
    grant_id = granting.approve()
    with ExitStack() as held:
        reach(granting, boundary, grant_id, held, "active")
    granting.portal.start()
    granting.hurry(grant_id, "active")
    assert [each for each in granting.tool.done if each[1] == grant_id] == [
        ("grant.deliver", grant_id, granting.tool.done[-1][2])
    ]
    assert grant_id in granting.tool.held


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_access_ends_once_whenever_the_worker_dies(granting: Granting, boundary: str) -> None:
    grant_id = granting.approve()
    granting.hurry(grant_id, "active")
    hold_for(granting, boundary)
    granting.let_it_expire(grant_id)
    with ExitStack() as held:
        reach(granting, boundary, grant_id, held, "expired")
    granting.portal.start()
    granting.hurry(grant_id, "expired")
    assert [each[0] for each in granting.tool.done if each[1] == grant_id] == [
        "grant.deliver",
        "grant.remove",
    ]
    assert grant_id not in granting.tool.held
