"""Steps of OA life, told through the sandbox's inbox, and what the portal then knows."""

from __future__ import annotations

from typing import Any

from portal.services.outcomes.approval_records import told_in
from portal.services.requests.request_search import Wanted, Whose
from tests.portal_world import World
from tests.services.story import approval_of, person_named, set_up, started

CHEN, DORA, IRIS, KATE = "Chen Wei 陈伟", "Dora Wu 吴朵", "Iris He 何静", "Kate Xu 徐凯"


def set_up_running(world: World) -> tuple[World, str, str]:
    """Start a request that Chen decides, countersigning allowed; returns world, number and the instance's id."""
    set_up(world)
    code = world.control("GET", "/templates")["templates"][0]["process_code"]
    world.control("PATCH", f"/templates/{code}", {"allows_countersigning": True})
    number, instance_id = started(world)
    return world, number, instance_id


def act(world: World, instance_id: str, person: str, action: str, **more: Any) -> None:
    """Let somebody act with all that an act can carry."""
    world.control("POST", f"/instances/{instance_id}/actions", {"person": person, "action": action, **more})


def told(number: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.kind.value, each.who, each.others) for each in told_in(approval_of(number))]


def deciders(number: str) -> dict[str, str]:
    return {row.user_id: row.state for row in approval_of(number).deciders}


def asked_until(world: World, number: str, **states: str) -> None:
    """Work until these people stand so."""
    world.work_until(lambda: states.items() <= deciders(number).items())


def list_of(world: World, person: str, whose: Whose) -> list[str]:
    with world.app.app_context():
        found = world.services.request_search.find(person_named(person), Wanted(whose=whose))
        return [each.number for each in found.requests]


def may_see(world: World, person: str, number: str) -> bool:
    """Whether page and poll are shown; both have to say the same."""
    client = world.client(person)
    page, poll = (client.get(f"/requests/{number}{path}").status_code for path in ("", "/status"))
    assert (page == 404) == (poll == 404)
    return page != 404
