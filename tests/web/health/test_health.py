"""A load balancer learns whether the portal can do its work, and nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from portal.database import transaction
from portal.services.work.health import HEARTBEATS_KEPT, WORKER_SILENT_AFTER
from tests.portal_world import SECRET_KEY, World


def beat(world: World, worker_id: str = "w1") -> None:
    with world.app.app_context():
        world.services.health.beat(worker_id)


def test_it_is_alive_whatever_else_is_missing(world: World) -> None:
    assert world.app.test_client().get("/health/live").json == {"status": "alive"}


def test_it_is_ready_only_while_a_worker_is_heard_of(world: World) -> None:
    client = world.app.test_client()
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json["problems"] == ["No worker is running: start `portal worker`."]

    beat(world)
    assert client.get("/health/ready").status_code == 200
    world.let_pass(seconds=WORKER_SILENT_AFTER.total_seconds() + 1)
    assert client.get("/health/ready").status_code == 503


def test_a_worker_that_leaves_is_not_waited_for(world: World) -> None:
    beat(world)
    with world.app.app_context():
        world.services.health.leave("w1")
        world.services.health.leave("never-there")
    assert world.app.test_client().get("/health/ready").status_code == 503


def test_workers_long_gone_are_forgotten(world: World) -> None:
    beat(world, "old")
    world.let_pass(seconds=HEARTBEATS_KEPT.total_seconds() + 1)
    beat(world, "new")
    with world.app.app_context(), transaction() as session:
        assert list(session.scalars(text("SELECT worker_id FROM portal_worker_heartbeat"))) == ["new"]


def test_a_database_of_another_version_is_not_ready(world: World) -> None:
    beat(world)
    with world.app.app_context(), transaction() as session:
        (head,) = session.scalars(text("SELECT version_num FROM alembic_version"))
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        answer = world.app.test_client().get("/health/ready")
    finally:
        with world.app.app_context(), transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})
    assert (answer.status_code, answer.json["status"]) == (503, "not ready")
    assert "portal db upgrade" in answer.json["problems"][0]


@pytest.mark.parametrize(
    ("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 404), ("not an address", 404)]
)
def test_metrics_are_for_this_machine(world: World, address: str, status: int) -> None:
    answer = world.app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status
    assert SECRET_KEY not in answer.text
