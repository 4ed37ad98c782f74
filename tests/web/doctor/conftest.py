"""One portal in good health for all of these tests; each mends what it breaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal_world import World
from tests.services.doctor_story import keep_well, make_well
from tests.web.approval_settings.admin_browser import AdminBrowser


@pytest.fixture(scope="package")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    made.subscribe()
    make_well(made)
    yield made
    made.close()


@pytest.fixture
def world(well: World) -> Iterator[World]:
    keep_well(well)
    yield well
    well.control("DELETE", "/faults")


@pytest.fixture
def alice(world: World) -> AdminBrowser:
    return AdminBrowser(world.client("alice"))
