"""Kill the worker between any two steps with Quick BI, whose calls know no delivery id: each is done once.

``asked``: Quick BI was called and has done nothing. ``done``: it has done it, the portal does not know.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.settings import InitialQuickBI
from tests.durability.granting_portal import Granting, Tool
from tests.durability.running_portal import RunningPortal, Victim
from tests.durability.waiting import wait
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.grant_story import known_people

pytestmark = [on_both_engines, pytest.mark.slow]

GIVE, TAKE = "quickbi.AddWorksAuthorization", "quickbi.DeleteAuthorizationByUserId"
FAULTS = {"asked": "time_out_before", "done": "time_out_after_commit"}
HELD_SECONDS = 15


@pytest.fixture(scope="module")
def granting(shared_world: World) -> Iterator[Granting]:
    """Web and worker running, with the pretended Quick BI as the target."""
    known_people(shared_world, "bob", "chen")
    with shared_world.app.app_context():
        shared_world.services.quickbi_settings.connect_initially(
            InitialQuickBI(
                endpoint=shared_world.sandbox.url,
                access_key_id="LTAIsandboxQuickBI0001",
                access_key_secret="sandbox-secret-of-quick-bi",
            )
        )
    portal = RunningPortal(shared_world)
    try:
        portal.start()
        yield Granting(portal=portal, tool=Tool())
    finally:
        portal.close()


def hold_for(granting: Granting, boundary: str, operation: str) -> None:
    if boundary == "not_taken":
        granting.portal.kill(Victim.WORKER)
    elif boundary in FAULTS:
        fault = {"fault": FAULTS[boundary], "operation": operation, "seconds": HELD_SECONDS}
        granting.world.control("POST", "/faults", fault)


def held_by_bob(granting: Granting) -> int:
    """Return how often Quick BI has it that Bob may view: each call that gives adds one more."""
    grants = granting.world.control("GET", "/quickbi")["grants"]
    return [(each["work_id"], each["principal"]) for each in grants].count(("sales-overview", "bob"))


def kill_at(granting: Granting, boundary: str, grant_id: int, *, held: int, state: str) -> None:
    """Come to a boundary of the work that was just promised, kill the worker there, and start it again."""
    if boundary == "asked":
        wait(lambda: not granting.world.control("GET", "/faults")["faults"], what="Quick BI to be called")
    if boundary == "done":
        wait(lambda: held_by_bob(granting) == held, what="Quick BI to do it")
    if boundary == "committed":
        granting.wait_for(grant_id, state)
    granting.portal.kill(Victim.WORKER)
    granting.portal.start()
    granting.hurry(grant_id, state)
    assert held_by_bob(granting) == held


@pytest.mark.parametrize("boundary", ["not_taken", *FAULTS, "committed"])
def test_quick_bi_gives_and_takes_once_whenever_the_worker_dies(granting: Granting, boundary: str) -> None:
    hold_for(granting, boundary, GIVE)
    grant_id = granting.approve(target="quickbi")
    kill_at(granting, boundary, grant_id, held=1, state="active")
    hold_for(granting, boundary, TAKE)
    granting.let_it_expire(grant_id)
    kill_at(granting, boundary, grant_id, held=0, state="expired")
