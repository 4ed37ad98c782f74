"""Steps of the main story, told through the services."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from portal.extensions import db
from portal.models import AccessRequest, Approval, Person, Resource
from portal.services.access_requests import RequestForm
from portal.services.approval_settings import Switches
from portal.services.audit import actor_of
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


def ask(world: World, *, who: str = "bob", resource: str = "sales-overview", **changes: object) -> str:
    """Submit a request and return its number."""
    with world.app.app_context():
        requester = person_named(who)
        wanted = db.session.scalars(select(Resource).filter_by(external_id=resource)).one()
        given = {
            "resource_id": wanted.id,
            "entitlement": "view",
            "days": 7,
            "until": None,
            "reason": "Quarterly report <b>季度</b>",
            "department_id": None,
            "submission_key": secrets.token_hex(16),
            **changes,
        }
        return world.services.access_requests.submit(
            actor_of(requester, address="127.0.0.1"), requester, RequestForm(**given)
        )


def person_named(user_id: str) -> Person:
    return db.session.scalars(select(Person).filter_by(user_id=user_id)).one()


def approval_of(number: str) -> Approval:
    return db.session.scalars(
        select(Approval).join(AccessRequest, Approval.request_id == AccessRequest.id).filter_by(number=number)
    ).one()


def state_of(number: str) -> str:
    return approval_of(number).state
