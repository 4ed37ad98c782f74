"""Steps of the main story, told through the services."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from portal.extensions import db
from portal.models import AccessRequest, Approval, AuditEntry, Person, Resource
from portal.services.approval_settings import Switches
from portal.services.audit import Actor, actor_of
from portal.services.requests.request_form import AskedItem, RequestForm
from tests.portal_world import World


def set_up(world: World, **generation: object) -> None:
    """Sign the cast in, enable approval, generate and associate the official template."""
    for person in ("alice", "bob"):
        world.client(person)
    with world.app.app_context():
        alice = person_named("alice")
        actor = actor_of(alice, address="127.0.0.1")
        settings = world.services.approval_settings
        settings.save_switches(
            actor,
            Switches(is_enabled=True, is_dingtalk_channel_on=True, version=settings.current().version),
        )
        template_id = world.services.template_generation.generate(actor, alice, **generation)
        settings.associate(actor, template_id=template_id, version=settings.current().version)


def ask(
    world: World,
    *,
    who: str = "bob",
    resource: str = "sales-overview",
    entitlement: str = "view",
    items: Sequence[Mapping[str, Any]] | None = None,
    **changes: object,
) -> str:
    """Submit a request and return its number.

    It is for one ``resource`` and ``entitlement``, or for ``items`` with both of their own (``resource``,
    ``entitlement`` and whatever else an ``AskedItem`` takes). Asking again what waits already is meant so.
    """
    with world.app.app_context():
        requester = person_named(who)
        given = {
            "items": asked_items(items or [{"resource": resource, "entitlement": entitlement}]),
            "days": 7,
            "until": None,
            "reason": "Quarterly report <b>季度</b>",
            "department_id": None,
            "submission_key": secrets.token_hex(16),
            **changes,
        }
        return world.services.submissions.submit(
            actor_of(requester, address="127.0.0.1"), requester, RequestForm(**given)
        )


def asked_items(items: Sequence[Mapping[str, Any]]) -> tuple[AskedItem, ...]:
    """Return items whose ``resource`` is named by its external id."""
    asked = []
    for each in items:
        given = {"entitlement": "view", "is_meant_again": True, **each}
        name = given.pop("resource", None)
        if name is not None:
            given["resource_id"] = db.session.scalars(select(Resource.id).filter_by(external_id=name)).one()
        asked.append(AskedItem(**given))
    return tuple(asked)


def person_named(user_id: str) -> Person:
    return db.session.scalars(select(Person).filter_by(user_id=user_id)).one()


def approval_of(number: str) -> Approval:
    return db.session.scalars(
        select(Approval).join(AccessRequest, Approval.request_id == AccessRequest.id).filter_by(number=number)
    ).one()


def state_of(number: str) -> str:
    return approval_of(number).state


def actor_named(user_id: str) -> Actor:
    return actor_of(person_named(user_id), address="127.0.0.1")


def fault(world: World, name: str, operation: str = "startProcessInstance", **more: object) -> None:
    """Let the next call (or event) of this kind suffer."""
    world.control("POST", "/faults", {"fault": name, "operation": operation, **more})


def instances(world: World) -> list[dict[str, Any]]:
    """Return what DingTalk has."""
    return list(world.control("GET", "/instances")["instances"])


def calls(world: World, operation: str) -> int:
    """Return how often DingTalk was called for something, whatever it answered."""
    return sum(world.control("GET", "/calls")["calls"].get(operation, {}).values())


def follow(world: World, number: str, until: str, *, rounds: int = 40) -> None:
    """Work until the approval is in a state, letting time pass to when it is due next."""
    for _ in range(rounds):
        world.work()
        if world.look(lambda: state_of(number)) == until:
            return
        wait_for_due(world, number)
    raise AssertionError(f"{number} is {world.look(lambda: state_of(number))}, not {until}")


def wait_for_due(world: World, number: str) -> None:
    """Let time pass until the approval is due, or the next sweep; fails when nothing is promised."""
    due_at = world.look(lambda: approval_of(number).due_at)
    if due_at is None:
        state = world.look(lambda: state_of(number))
        assert state == "pending", f"nothing is due for {number}, {state}"
        world.let_pass(hours=8)
        with world.app.app_context():
            world.services.chores.plan()
        return
    world.let_pass(seconds=max(0.0, (due_at - world.clock.now()).total_seconds()) + 0.001)


def started(world: World, **changes: object) -> tuple[str, str]:
    """Ask, start, and return the number and the instance id."""
    number = ask(world, **changes)
    follow(world, number, "pending")
    return number, world.look(lambda: approval_of(number).instance_id)


def withdraw(world: World, number: str, *, who: str = "bob") -> None:
    with world.app.app_context():
        world.services.access_requests.withdraw(actor_named(who), person_named(who), number)


def try_again(world: World, number: str, *, who: str = "bob") -> None:
    with world.app.app_context():
        world.services.access_requests.try_again(actor_named(who), person_named(who), number)


def failure_of(number: str) -> dict[str, Any]:
    """Return the failure on the row, empty when there is none."""
    return dict(approval_of(number).failure or {})


def audited(action: str) -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).filter_by(action=action).order_by(AuditEntry.id)))
