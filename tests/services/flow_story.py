"""Steps about the flow of a template: design it in DingTalk, have it looked at, decide about it."""

from __future__ import annotations

from typing import Any

from portal.extensions import db
from portal.models import ApprovalTemplate
from portal.services.templates.template_report import Drift, TemplateReport
from tests.portal_world import World
from tests.services.story import actor_named, person_named, set_up

CHOICE: dict[str, Any] = {"name": "Choice", "rule": "selected_by_initiator"}
BOSS: dict[str, Any] = {"name": "Boss", "rule": "direct_supervisor"}
KATE: dict[str, Any] = {"name": "Finance", "rule": "specified_members", "people": ["kate"]}


def template() -> ApprovalTemplate:
    return db.session.scalars(db.select(ApprovalTemplate)).one()


def code(world: World) -> str:
    return str(world.look(lambda: template().process_code))


def design(world: World, *nodes: dict[str, Any]) -> None:
    """Let somebody design the flow of our template in DingTalk and publish it."""
    world.control("PUT", f"/templates/{code(world)}/flow", {"nodes": list(nodes)})


def associate(world: World, *nodes: dict[str, Any]) -> None:
    """Set everything up, with a flow that was designed before an admin confirmed it."""
    set_up(world)
    if nodes:
        design(world, *nodes)
    with world.app.app_context():
        alice = person_named("alice")
        actor, settings = actor_named("alice"), world.services.approval_settings
        template_id = world.services.template_generation.generate(actor, alice)
        settings.associate(actor, template_id=template_id, version=settings.current().version)


def meet(world: World, *people: str) -> None:
    """Let people sign in, so that the portal knows them."""
    for person in people:
        world.client(person)


def look(world: World) -> TemplateReport:
    with world.app.app_context():
        return world.services.template_check.look(template().id)


def check(world: World) -> TemplateReport:
    with world.app.app_context():
        return world.services.template_check.check(template().id)


def accept(world: World, *names: str) -> None:
    with world.app.app_context():
        world.services.template_acceptance.accept_bypass(actor_named("alice"), template().id, names=names)


def take_over(world: World, *accepts: str) -> None:
    seen = drift(world).version
    with world.app.app_context():
        acceptance = world.services.template_acceptance
        acceptance.take_over(actor_named("alice"), template().id, seen=seen, accepts=accepts)


def drift(world: World) -> Drift:
    return Drift.from_json(world.look(lambda: template().drift))
