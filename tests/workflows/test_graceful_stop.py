"""A worker that is told to stop finishes what is under way, or hands it to the others."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from portal.extensions import db
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import approval_of, ask, instances, set_up, state_of
from tests.workflows.processes import running, wait, worker_id

pytestmark = on_both_engines

# Less than a lease, after which the work would be due again anyway.
SECONDS_TO_HAND_OVER = 40.0
PENDING = "PENDING"


@pytest.mark.slow
def test_a_start_under_way_is_finished_before_the_worker_stops(world: World) -> None:
    set_up(world)
    world.control("PUT", "/settings", {"answer_delay_milliseconds": 1000})
    with running(world, "worker") as worker:
        worker_id(worker)
        number = ask(world)
        wait(lambda: world.look(lambda: state_of(number)) == "starting")
        worker.end()
        assert world.look(lambda: state_of(number)) == "pending"
        assert '"handed_back": 0' in worker.said()
    assert len(instances(world)) == 1


@pytest.mark.slow
def test_what_takes_too_long_is_handed_back_and_done_by_another_worker_before_its_lease_is_over(
    world: World,
) -> None:
    set_up(world)
    with running(world, "worker"):
        number = ask(world)
        wait(lambda: world.look(lambda: state_of(number)) == "pending")
    # First a token and then the instance: more than a worker waits for at its end.
    world.control("PUT", "/settings", {"answer_delay_milliseconds": 9000})
    with running(world, "worker") as worker:
        worker_id(worker)
        world.act(world.look(lambda: approval_of(number).instance_id), "chen", "agree")
        wait(lambda: PENDING in work_states(world))
        worker.end()
        assert "worker.stopped" in worker.said()
        assert '"handed_back": 0' not in worker.said()
    world.control("PUT", "/settings", {"answer_delay_milliseconds": 0})
    with running(world, "worker"):
        wait(lambda: world.look(lambda: state_of(number)) == "approved", seconds=SECONDS_TO_HAND_OVER)


def work_states(world: World) -> set[str]:
    """Return the states of the work in the queue that is about approvals."""
    schema = "" if world.settings.is_sqlite else "dbos."
    found = text(f"SELECT DISTINCT status FROM {schema}workflow_status WHERE name = 'advance_approval'")  # noqa: S608
    return set(world.look(lambda: db.session.scalars(found).all()))
