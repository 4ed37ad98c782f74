"""The queue as those who tend it see it: what may be added, what was left behind, what no worker would take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from dbos import DBOS
from sqlalchemy import text, update

from portal.database import transaction
from portal.extensions import db
from portal.models import Approval
from portal.workflows.work_queue import MOST_AT_ONCE, MOST_WAITING, OUTDATED_AFTER, WorkQueue
from tests.portal_world import World
from tests.services.engines import on_postgresql
from tests.services.story import ask, set_up
from tests.workflows.processes import in_flight

pytestmark = on_postgresql


@pytest.fixture
def queue(world: World) -> Iterator[WorkQueue]:
    DBOS.migrate(world.settings.database_url)
    with world.app.app_context():
        yield WorkQueue()
        db.session.execute(text("DELETE FROM dbos.workflow_status"))
        db.session.commit()


def take(world: World, queue: WorkQueue) -> int:
    return world.services.due_work.take(limit=queue.room(), hand_over=queue.put)


def set_work(**values: str) -> None:
    for name, value in values.items():
        db.session.execute(text(f"UPDATE dbos.workflow_status SET {name} = :value"), {"value": value})  # noqa: S608
    db.session.commit()


def test_no_more_is_taken_than_the_workers_can_soon_do(world: World, queue: WorkQueue) -> None:
    set_up(world)
    numbers = [ask(world) for _ in range(MOST_WAITING + 5)]
    taken = take(world, queue)
    assert MOST_WAITING <= taken < len(numbers)
    assert queue.room() <= 0
    assert take(world, queue) == 0
    set_work(status="SUCCESS")
    assert take(world, queue) >= 5


def test_work_of_a_worker_that_is_gone_is_put_back_and_that_of_a_living_one_is_not(
    world: World, queue: WorkQueue
) -> None:
    set_up(world)
    ask(world)
    taken = take(world, queue)
    set_work(status="PENDING", executor_id="gone")
    assert queue.take_over(living={"gone", "here"}) == 0
    assert queue.take_over(living={"here"}) == taken
    assert {each["status"] for each in in_flight(world)} == {"ENQUEUED"}
    assert queue.take_over(living={"here"}) == 0


def test_work_of_another_version_is_dropped_once_its_row_is_due_again(world: World, queue: WorkQueue) -> None:
    set_up(world)
    ask(world)
    taken = take(world, queue)
    set_work(application_version="v0", executor_id="gone", status="PENDING")
    now = datetime.now(UTC)
    assert queue.take_over(living=[]) == 0
    assert queue.drop_outdated(now=now) == 0
    assert queue.drop_outdated(now=now + OUTDATED_AFTER + timedelta(seconds=5)) == taken
    assert in_flight(world) == []
    with transaction() as session:
        session.execute(update(Approval).values(due_at=now))
    assert take(world, queue) >= 1
    assert {each["application_version"] for each in in_flight(world)} == {"v1"}


def test_work_finished_days_ago_is_forgotten(world: World, queue: WorkQueue) -> None:
    set_up(world)
    ask(world)
    take(world, queue)
    set_work(status="CANCELLED", completed_at=str(int(datetime.now(UTC).timestamp() * 1000)))
    assert not queue.forget_finished(now=datetime.now(UTC))
    assert db.session.scalar(text("SELECT count(*) FROM dbos.workflow_status"))
    assert not queue.forget_finished(now=datetime.now(UTC) + timedelta(days=4))
    assert not db.session.scalar(text("SELECT count(*) FROM dbos.workflow_status"))


def test_where_more_was_finished_than_is_forgotten_at_once_the_rest_follows(
    world: World, queue: WorkQueue
) -> None:
    set_up(world)
    ask(world)
    take(world, queue)
    set_work(status="CANCELLED", completed_at=str(int(datetime.now(UTC).timestamp() * 1000)))
    columns = ", ".join(
        db.session.scalars(
            text(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'dbos' "
                "AND table_name = 'workflow_status' AND column_name <> 'workflow_uuid' AND is_generated = 'NEVER'"
            )
        )
    )
    db.session.execute(
        text(
            f"INSERT INTO dbos.workflow_status (workflow_uuid, {columns}) SELECT 'copy-' || number, {columns} "  # noqa: S608
            "FROM (SELECT * FROM dbos.workflow_status LIMIT 1) AS one, generate_series(1, :copies) AS number"
        ),
        {"copies": MOST_AT_ONCE},
    )
    db.session.commit()
    later = datetime.now(UTC) + timedelta(days=4)
    assert queue.forget_finished(now=later)
    assert not queue.forget_finished(now=later)
    assert not db.session.scalar(text("SELECT count(*) FROM dbos.workflow_status"))
