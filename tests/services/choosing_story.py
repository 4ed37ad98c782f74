"""Steps of the stories in which requests run through the flow that was designed in DingTalk."""

from __future__ import annotations

from typing import Any

from portal.services.requests.flow_choices import FlowOffer, SentChoice
from portal.services.requests.request_form import RequestForm
from tests.portal_world import World
from tests.services.story import actor_named, ask, asked_items, person_named, set_up

SELECT: dict[str, Any] = {"name": "审批人", "rule": "selected_by_initiator"}
FINANCE: dict[str, Any] = {"name": "财务", "rule": "specified_members", "people": ["kate"]}
SUPERVISOR: dict[str, Any] = {"name": "主管", "rule": "direct_supervisor"}


def set_up_flow(world: World, *nodes: dict[str, Any]) -> None:
    """Set everything up with a template whose flow is this one, confirmed by the admin."""
    set_up(world)
    design(world, *nodes)
    confirm_flow(world)


def design(world: World, *nodes: dict[str, Any]) -> None:
    """Let somebody edit the flow in DingTalk's designer; every node gets a new id and key."""
    (template,) = world.control("GET", "/templates")["templates"]
    world.control("PUT", f"/templates/{template['process_code']}/flow", {"nodes": list(nodes)})


def confirm_flow(world: World) -> None:
    """Let the admin take the flow of now as it is."""
    with world.app.app_context():
        world.services.template_generation.generate(actor_named("alice"), person_named("alice"))


def offer(world: World, *, who: str = "bob", resource: str = "sales-overview", **changes: Any) -> FlowOffer:
    """Return the flow as the requester's form shows it."""
    with world.app.app_context():
        given = {
            "items": asked_items([{"resource": resource}]),
            "days": 7,
            "until": None,
            "reason": "",
            "department_id": None,
            "submission_key": "",
            **changes,
        }
        requester = person_named(who)
        (found,) = world.services.flow_offers.offers(requester, RequestForm(**given), grantee_id=requester.id)
        return found.offer


def choices(world: World, *people: tuple[str, ...] | str, who: str = "bob") -> tuple[SentChoice, ...]:
    """Return what a form sends that chooses these people at the nodes to choose at, in order."""
    pickers = offer(world, who=who).pickers
    chosen = [each.split() if isinstance(each, str) else each for each in people]
    return tuple(
        SentChoice(node_id=picker.node.id, user_ids=tuple(user_ids))
        for picker, user_ids in zip(pickers, chosen, strict=True)
    )


def ask_choosing(world: World, *people: tuple[str, ...] | str, who: str = "bob", **changes: Any) -> str:
    """Submit a request for which these people were chosen, and return its number."""
    return ask(world, who=who, choices=choices(world, *people, who=who), **changes)


def choose_again(world: World, number: str, *people: str, who: str = "bob") -> None:
    """Choose approvers anew for a request that waits for it, from what its form offers."""
    with world.app.app_context():
        requests, requester = world.services.access_requests, person_named(who)
        found = requests.flow(requester, number)
        assert found is not None
        sent = tuple(
            SentChoice(node_id=picker.node.id, user_ids=tuple(user_ids.split()))
            for picker, user_ids in zip(found.pickers, people, strict=True)
        )
        requests.choose_again(actor_named(who), person_named(who), number, sent)
