"""A change is whole or not at all, and changes made at the same time do not lose each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from portal.database import core_transaction, transaction
from portal.extensions import db
from portal.models import ApprovalSettings, Resource, WorkerHeartbeat
from tests.portal_world import World

NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    shared_world.reset()
    with shared_world.app.app_context():
        yield shared_world


def test_sqlite_is_set_up_to_keep_what_it_was_told(world: World) -> None:
    pragmas = {name: db.session.scalar(text(f"PRAGMA {name}")) for name in ("foreign_keys", "synchronous")}
    assert pragmas == {"foreign_keys": 1, "synchronous": 2}
    version = tuple(int(part) for part in str(db.session.scalar(text("SELECT sqlite_version()"))).split("."))
    journal = db.session.scalar(text("PRAGMA journal_mode"))
    assert journal == ("wal" if version >= (3, 51, 3) else "delete")


def test_an_exception_takes_the_whole_change_back(world: World) -> None:
    def fail() -> None:
        with transaction() as session:
            session.add(WorkerHeartbeat(worker_id="w", started_at=NOW, seen_at=NOW))
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert db.session.get(WorkerHeartbeat, "w") is None


def test_a_transaction_inside_another_joins_it(world: World) -> None:
    def fail() -> None:
        with transaction():
            with transaction() as inner:
                inner.add(WorkerHeartbeat(worker_id="w", started_at=NOW, seen_at=NOW))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert db.session.get(WorkerHeartbeat, "w") is None


def test_what_was_read_before_a_change_is_read_again_inside_it(world: World) -> None:
    with transaction() as session:
        session.add(ApprovalSettings(id=1, updated_at=NOW))
    stale = db.session.get_one(ApprovalSettings, 1)
    assert stale.version == 1
    with db.engine.begin() as elsewhere:
        elsewhere.execute(text("UPDATE portal_approval_settings SET version = 9"))
    with transaction() as session:
        assert session.get_one(ApprovalSettings, 1).version == 9


def test_changes_at_the_same_time_do_not_lose_each_other(world: World) -> None:
    with transaction() as session:
        session.add(ApprovalSettings(id=1, updated_at=NOW, version=0))

    def count() -> None:
        with world.app.app_context():
            for _ in range(20):
                with transaction() as session:
                    session.get_one(ApprovalSettings, 1).version += 1

    counters = [threading.Thread(target=count) for _ in range(5)]
    for counter in counters:
        counter.start()
    for counter in counters:
        counter.join(30)
    db.session.rollback()
    assert db.session.get_one(ApprovalSettings, 1).version == 100


@pytest.mark.parametrize("change", [transaction, core_transaction])
def test_a_change_that_fails_leaves_the_turn_to_others(world: World, change: Callable[[], Any]) -> None:
    for _ in range(2):
        with pytest.raises(IntegrityError), change() as writer:
            writer.execute(
                text("INSERT INTO portal_person_role (person_id, role, given_at) VALUES (0, 'x', 0)")
            )
    with change() as writer:
        writer.execute(text("UPDATE portal_resource SET name = name"))


def test_a_row_cannot_point_to_nothing(world: World) -> None:
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(Resource(resource_type="dashboard", external_id="x", name="X", owner_id=99999))


def test_moments_are_kept_in_utc_and_need_a_zone(world: World) -> None:
    in_china = NOW.astimezone(timezone(timedelta(hours=8)))
    with transaction() as session:
        session.add(WorkerHeartbeat(worker_id="w", started_at=in_china, seen_at=NOW))
    db.session.expire_all()
    row = db.session.get_one(WorkerHeartbeat, "w")
    assert (row.started_at, row.started_at.tzinfo) == (NOW, UTC)
    with pytest.raises(StatementError), transaction() as session:
        session.add(WorkerHeartbeat(worker_id="v", started_at=NOW.replace(tzinfo=None), seen_at=NOW))


def test_the_tables_are_what_the_models_say(world: World, tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from portal.models.base import Base

    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _object, name, kind, *_: (
                    kind != "table" or str(name).startswith("portal_")
                ),
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_an_error_tells_no_values_for_it_may_end_up_in_a_log(world: World) -> None:
    with pytest.raises(OperationalError) as caught:
        db.session.execute(text("INSERT INTO no_such_table VALUES (:token)"), {"token": "top secret"})
    db.session.rollback()
    assert "no_such_table" in str(caught.value)
    assert "top secret" not in str(caught.value)
