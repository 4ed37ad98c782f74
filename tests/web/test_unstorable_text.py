"""What no database can hold is refused as something that cannot be read, not met with a fault of ours."""

from __future__ import annotations

import pytest

from tests.portal_world import World, csrf_token
from tests.services.conftest import shared_world, world
from tests.services.engines import on_both_engines
from tests.services.story import set_up

__all__ = ["shared_world", "world"]

pytestmark = on_both_engines


@pytest.mark.parametrize("address", ["/requests/%00", "/requests/AR-2026-00%00/status"])
def test_an_address_with_a_nul_leads_nowhere(world: World, address: str) -> None:
    set_up(world)
    assert world.client("bob").get(address).status_code in (400, 404)


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/requests/%00/withdrawal", {}),
        ("/settings/approval/trials", {"approver": "chen\0"}),
        ("/settings/approval/events/sorting", {"event_id": "\0"}),
        ("/settings/approval/quota", {"monthly_call_quota": "9" * 30, "version": "1"}),
        ("/settings/approval/quota", {"monthly_call_quota": "\0", "version": "9" * 12}),
    ],
)
def test_a_form_with_what_cannot_be_stored_is_refused(
    world: World, address: str, fields: dict[str, str]
) -> None:
    set_up(world)
    alice = world.client("alice")
    token = csrf_token(alice.get("/requests/new").text)
    assert 400 <= alice.post(address, data={**fields, "csrf_token": token}).status_code < 500
