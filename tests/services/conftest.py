"""Services are tested in a whole portal; see tests/portal_world.py. Tests of one module share it, reset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal_world import World, portal_settings
from tests.services.engines import database_beside

__all__ = ["portal_settings"]


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[World]:
    """One portal for a module; on PostgreSQL where the module asks for it with ``tests.services.engines``."""
    folder = tmp_path_factory.mktemp("world")
    if getattr(request, "param", "sqlite") == "sqlite":
        made = World(folder)
        yield made
        made.close()
        return
    with database_beside(request.getfixturevalue("postgresql_url")) as url:
        made = World(folder, database_url=url)
        yield made
        made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    return shared_world
