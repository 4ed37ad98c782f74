"""Pages are tested in a whole portal; see tests/portal_world.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal_world import World


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A portal bound to DingTalk, shared by tests that only sign people in and out."""
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()
