"""Pages are tested in a whole portal in which requests are decided in the portal; see tests/portal_world.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal_world import World
from tests.services.decision_story import set_up_here


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A portal in which Bob asks and Chen decides; shared by tests that only add requests."""
    made = World(tmp_path_factory.mktemp("world"))
    made.subscribe()
    set_up_here(made)
    yield made
    made.close()
