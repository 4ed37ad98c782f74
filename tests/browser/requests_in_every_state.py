"""Requests of Bob, one in each state that a person can meet on a status page."""

from __future__ import annotations

from tests.portal_world import World
from tests.services.pending_story import approvals_of, states_of
from tests.services.story import ask, fault, follow, started, state_of, withdraw


def a_submitted_request(world: World) -> str:
    return ask(world)


def one_that_is_being_checked(world: World) -> str:
    fault(world, "http_500_before")
    number = ask(world)
    world.work_until(lambda: state_of(number) == "start_unknown")
    return number


def one_that_could_not_start(world: World) -> str:
    world.control("PUT", "/permissions", {"Workflow.Instance.Write": False})
    number = ask(world)
    follow(world, number, "could_not_start")
    world.control("PUT", "/permissions", {"Workflow.Instance.Write": True})
    return number


def a_waiting_request(world: World) -> str:
    return started(world)[0]


def one_being_withdrawn(world: World) -> str:
    number, _ = started(world)
    withdraw(world, number)
    return number


def an_approved_request(world: World) -> str:
    return decided(world, "chen", "agree", "approved")


def a_rejected_request(world: World) -> str:
    return decided(world, "chen", "refuse", "rejected")


def a_withdrawn_request(world: World) -> str:
    return decided(world, "bob", "withdraw", "withdrawn")


def decided(world: World, person: str, action: str, outcome: str) -> str:
    number, instance_id = started(world)
    world.act(instance_id, person, action, "For this quarter 本季度" if person == "chen" else "")
    world.work_until(lambda: state_of(number) == outcome)
    return number


def one_of_several_parts(world: World) -> str:
    """Ask for things of Chen and of Alice, where Chen has agreed and Alice has not decided."""
    number = ask(world, items=({"resource": "regional-revenue"}, {"resource": "executive-portal"}))
    world.work_until(lambda: states_of(number) == ["pending", "pending"])
    chens = world.look(lambda: [each for each in approvals_of(number) if each.approver.user_id == "chen"])
    world.act(chens[0].instance_id, "chen", "agree")
    world.work_until(lambda: "approved" in states_of(number))
    return number


def one_that_waits_for_a_colleague(world: World) -> str:
    world.client("dora")
    return ask(world, on_behalf_of="dora")


# The one that is only submitted comes last: work done for the others would start it.
REQUESTS = (
    one_that_is_being_checked,
    one_that_could_not_start,
    a_waiting_request,
    one_being_withdrawn,
    an_approved_request,
    a_rejected_request,
    a_withdrawn_request,
    one_of_several_parts,
    one_that_waits_for_a_colleague,
    a_submitted_request,
)
