"""Ready means that database, migrations and a worker are there; the answer comes in seconds whatever is missing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url

from portal.application import create_app
from portal.database import transaction
from portal.extensions import db
from portal.models import Resource
from portal.services.registry import KEY
from tests.operations.lying_wire import LyingWire
from tests.operations.processes import PATIENCE_SECONDS
from tests.portal_world import World
from tests.services.engines import on_both_engines

pytestmark = on_both_engines


def ask(app: Flask, path: str = "/health/ready") -> Any:
    """Ask in a thread, so that an answer that never comes fails the test instead of holding it up."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(lambda: app.test_client().get(path)).result(PATIENCE_SECONDS)
    finally:
        pool.shutdown(wait=False)


@pytest.fixture
def wire(world: World) -> Iterator[LyingWire]:
    if world.settings.is_sqlite:
        pytest.skip("a file has no wire")
    url = make_url(world.settings.database_url)
    made = LyingWire((url.host or "127.0.0.1", url.port or 5432))
    yield made
    made.is_silent = False
    made.cut()


@pytest.fixture
def app(world: World, wire: LyingWire) -> Iterator[Flask]:
    url = make_url(world.settings.database_url).set(host="127.0.0.1", port=wire.port)
    made = create_app(replace(world.settings, database_url=url.render_as_string(hide_password=False)))
    with world.app.app_context():
        world.services.health.beat("w1")
    assert ask(made).status_code == 200
    yield made
    with made.app_context(), suppress(Exception):
        db.engine.dispose()


def test_a_portal_that_was_never_set_up_is_not_ready(world: World, tmp_path: Path) -> None:
    new = replace(
        world.settings, instance_path=tmp_path, database_url=f"sqlite:///{tmp_path / 'new.sqlite3'}"
    )
    app = create_app(new)
    answer = ask(app)
    assert (answer.status_code, answer.json["status"]) == (503, "not ready")
    assert "portal db upgrade" in answer.json["problems"][0]
    with app.app_context():
        db.engine.dispose()


def test_it_is_ready_with_database_migrations_and_a_worker(world: World) -> None:
    assert ask(world.app).status_code == 503
    with world.app.app_context():
        world.services.health.beat("w1")
    assert ask(world.app).json == {"status": "ready", "problems": []}


def test_a_database_that_is_busy_with_a_long_change_does_not_make_it_unready(world: World) -> None:
    with world.app.app_context():
        world.services.health.beat("w1")
        with transaction() as session:
            session.add(Resource(resource_type="dashboard", external_id="busy", name="busy"))
            session.flush()
            assert ask(world.app).status_code == 200
            session.rollback()


def test_a_database_server_that_is_gone_makes_it_unready_and_not_dead(app: Flask, wire: LyingWire) -> None:
    wire.cut()
    assert ask(app).status_code == 503
    assert ask(app, "/health/live").status_code == 200


def test_a_database_server_that_falls_silent_is_told_in_time_and_recovers(
    app: Flask, wire: LyingWire
) -> None:
    wire.is_silent = True
    answers = [ask(app) for _ in range(2)]
    assert {each.status_code for each in answers} == {503}
    assert "neither answers nor refuses" in answers[0].json["problems"][0]
    assert ask(app, "/health/live").status_code == 200

    wire.is_silent = False
    patience = app.extensions[KEY].health.patience
    patience.ask(list, seconds=PATIENCE_SECONDS)
    assert ask(app).status_code == 200
