"""Pages are tested in a whole portal; see tests/portal_world.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal_world import World, portal_settings, world
from tests.services.story import set_up

__all__ = ["portal_settings", "world"]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A portal in which Bob can ask and Chen decides; shared by tests that only add requests."""
    made = World(tmp_path_factory.mktemp("world"))
    made.subscribe()
    set_up(made)
    yield made
    made.close()
