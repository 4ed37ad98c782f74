"""Bringing a database to the version of the code: with rows in it, by many processes at once, on both engines."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, select, text

from portal.application import create_app
from portal.extensions import db
from portal.migrating import MIGRATIONS, migrate_database, migration_head, one_at_a_time
from portal.models import Approval, ApprovalSettings, CallbackEvent
from portal.settings import Settings, read_settings
from tests.portal_world import World, environment
from tests.services.conftest import shared_world, world
from tests.services.engines import database_beside, on_both_engines
from tests.services.story import set_up, started

__all__ = ["shared_world", "world"]

FIRST = "0001"
STARTING_TOGETHER = 4
ADVISORY_LOCK_IS_ASKED_FOR = text(
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%' "
    "AND datname = current_database() AND pid <> pg_backend_pid()"
)


@on_both_engines
def test_every_row_of_the_first_version_is_there_after_the_upgrade_to_this_one(world: World) -> None:
    set_up(world)
    _, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: db.session.scalars(select(Approval)).one().state == "approved")

    with world.app.app_context():
        downgrade(directory=str(MIGRATIONS), revision=FIRST)
        before = rows()
        upgrade(directory=str(MIGRATIONS))
        after = rows()
        assert {name: kept(after[name], like=before[name]) for name in before} == before
        assert {"portal_approval", "portal_callback_event", "portal_audit_entry"} <= {
            name for name, found in before.items() if found
        }
        assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == migration_head()
        approval = db.session.scalars(select(Approval)).one()
        assert (approval.state, approval.instance_id, approval.sweeps) == ("approved", instance_id, 0)
        assert {each.road for each in db.session.scalars(select(CallbackEvent))} == {"callback"}
        assert db.session.get_one(ApprovalSettings, 1).monthly_call_quota > 0
        db.session.rollback()

    _, instance_id = started(world)
    world.act(instance_id, "chen", "refuse")
    world.work_until(
        lambda: db.session.scalars(select(Approval).order_by(Approval.id.desc())).first().state == "rejected"
    )


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_processes_that_start_together_migrate_once_and_all_of_them_start(
    tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    with empty_database(tmp_path, engine, request) as settings_environment:
        together = [
            subprocess.Popen(
                [sys.executable, "-m", "portal", "db", "upgrade"],
                env={**os.environ, **settings_environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for _ in range(STARTING_TOGETHER)
        ]
        said = [each.communicate(timeout=60)[1].decode() for each in together]
        assert [each.returncode for each in together] == [0] * STARTING_TOGETHER, said
        assert sum("Running upgrade  -> 0001" in each for each in said) <= 1
        settings = read_settings(settings_environment)
        app = create_app(settings)
        with app.app_context():
            assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == migration_head()
            db.session.remove()
            db.engine.dispose()


@pytest.mark.postgresql
def test_who_waits_for_the_turn_does_not_hold_up_an_index_that_is_made_meanwhile(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with empty_database(tmp_path, "postgresql", request) as settings_environment:
        settings = read_settings(settings_environment)
        app = create_app(settings)
        migrate_database(app, settings)
        waiting = threading.Thread(target=take_a_turn, args=(settings,))
        with app.app_context():
            with one_at_a_time(settings):
                waiting.start()
                with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    while not connection.scalar(ADVISORY_LOCK_IS_ASKED_FOR):
                        pass
                    connection.execute(text("SET statement_timeout = '30s'"))
                    connection.execute(text("CREATE INDEX CONCURRENTLY held_up ON portal_resource (name)"))
            waiting.join(30)
            assert not waiting.is_alive()
            db.engine.dispose()


def take_a_turn(settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        with one_at_a_time(settings):
            pass
        db.engine.dispose()


@contextmanager
def empty_database(folder: Path, engine: str, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Yield the environment of a portal that was never started."""
    given = environment(folder, port=1, sandbox_url="http://127.0.0.1:1")
    if engine == "sqlite":
        yield given
        return
    with database_beside(request.getfixturevalue("postgresql_url")) as url:
        yield {**given, "PORTAL_DATABASE_URL": url}


def rows() -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table of ours, as the database gives them."""
    found = {}
    with db.engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            if name.startswith("portal_"):
                result = connection.execute(text(f'SELECT * FROM "{name}"')).mappings()  # noqa: S608 - our tables
                found[name] = sorted((dict(row) for row in result), key=repr)
    return found


def kept(found: list[dict[str, Any]], *, like: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the columns that they had before."""
    columns = like[0].keys() if like else ()
    return sorted(({name: row[name] for name in columns} for row in found), key=repr) if like else found
