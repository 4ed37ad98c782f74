"""A whole portal, as for the services; DingTalk pushes by Stream alone and knows no address of ours."""

from __future__ import annotations

import pytest

from tests.portal_world import World, portal_settings
from tests.services.conftest import shared_world
from tests.stream.listening import push_by_stream

__all__ = ["portal_settings", "shared_world"]


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    push_by_stream(shared_world)
    return shared_world
