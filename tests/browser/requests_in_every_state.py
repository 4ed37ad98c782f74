"""Requests of Bob, one in each state that a person can meet on a status page."""

from __future__ import annotations

from tests.portal_world import World
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


# The one that is only submitted comes last: work done for the others would start it.
REQUESTS = (
    one_that_is_being_checked,
    one_that_could_not_start,
    a_waiting_request,
    one_being_withdrawn,
    an_approved_request,
    a_rejected_request,
    a_withdrawn_request,
    a_submitted_request,
)
