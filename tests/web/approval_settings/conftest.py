"""One portal and sandbox for each module, as on their first day for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal_world import World
from tests.web.approval_settings.admin_browser import AdminBrowser


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    return shared_world


@pytest.fixture
def alice(world: World) -> AdminBrowser:
    """An organization admin who is a DingTalk person."""
    return AdminBrowser(world.client("alice"))
