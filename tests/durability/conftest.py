"""One portal of processes for a module: what kills leave behind is part of what is tested."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.database import transaction
from portal.models import ApprovalSettings
from tests.durability.running_portal import RunningPortal
from tests.portal_world import World
from tests.services.conftest import shared_world
from tests.services.story import set_up

__all__ = ["shared_world"]


@pytest.fixture(scope="module")
def portal(shared_world: World) -> Iterator[RunningPortal]:
    """Web and worker running, approval set up, events on their way within a second."""
    set_up(shared_world)
    shared_world.control(
        "PUT",
        "/settings",
        {"monthly_quota": 0, "retry_delays_seconds": [0.3] * 100, "withdraw_wait_seconds": 0},
    )
    with shared_world.app.app_context(), transaction() as session:
        session.get_one(ApprovalSettings, 1).monthly_call_quota = 10_000_000
    made = RunningPortal(shared_world)
    try:
        made.start()
        yield made
    finally:
        made.close()
