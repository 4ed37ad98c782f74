"""Steps of the stories in which one request asks for several resources."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.extensions import db
from portal.models import (
    AccessRequest,
    Approval,
    ApprovalSettings,
    Person,
    PersonRole,
    RequestItem,
    Resource,
)
from portal.services.requests.request_form import RequestForm
from tests.portal_world import World
from tests.services.story import actor_named, asked_items, person_named

SALES = {"resource": "sales-overview"}
REGIONS = {"resource": "regional-revenue", "entitlement": "export"}
PORTAL = {"resource": "executive-portal"}
ORDERS = {"resource": "orders", "entitlement": "use"}
UNOWNED = {"resource": "web-traffic", "entitlement": "use"}


def approvals_of(number: str) -> list[Approval]:
    asked = select(AccessRequest.id).filter_by(number=number).scalar_subquery()
    return list(db.session.scalars(select(Approval).filter_by(request_id=asked).order_by(Approval.position)))


def items_by_approval(number: str) -> list[tuple[str, list[str]]]:
    """Return who decides about what, in the order of the approvals."""
    return [
        (
            str(approval.approver.user_id),
            [
                item.resource.external_id
                for item in db.session.scalars(
                    select(RequestItem).filter_by(approval_id=approval.id).order_by(RequestItem.id)
                )
            ],
        )
        for approval in approvals_of(number)
    ]


def states_of(number: str) -> list[str]:
    return [each.state for each in approvals_of(number)]


def form_of(approval: Approval) -> dict[str, str]:
    """Return what an approval's form says, by our names of its fields."""
    labels = approval.template.field_mapping
    return {name: (approval.submitted_values or {}).get(label, "") for name, label in labels.items()}


def state_of_request(number: str) -> str:
    return db.session.scalars(select(AccessRequest.state).filter_by(number=number)).one()


def requests_of(world: World) -> int:
    return int(world.look(lambda: db.session.query(AccessRequest).count()))


def change_settings(world: World, **changes: Any) -> None:
    with world.app.app_context():
        settings = db.session.get_one(ApprovalSettings, 1)
        for name, value in changes.items():
            setattr(settings, name, value)
        db.session.commit()


def change_resource(world: World, name: str, **changes: Any) -> None:
    with world.app.app_context():
        resource = db.session.scalars(select(Resource).filter_by(external_id=name)).one()
        for attribute, value in changes.items():
            setattr(resource, attribute, value)
        db.session.commit()


def choose_fallback(world: World, who: str) -> None:
    with world.app.app_context():
        settings = world.services.approval_settings
        settings.choose_fallback_approver(
            actor_named("alice"), user_id=who, version=settings.current().version
        )


def give_role(world: World, who: str, role: str) -> None:
    world.client(who)
    with world.app.app_context():
        db.session.add(PersonRole(person_id=person_named(who).id, role=role, given_at=world.clock.now()))
        db.session.commit()


def id_of(world: World, who: str) -> int:
    with world.app.app_context():
        person_id = world.services.people.remember(who)
        return db.session.get_one(Person, person_id).id


def offered_groups(world: World, *names: str) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return the key of each group and who can decide in it, as Bob's form shows it."""
    with world.app.app_context():
        resources = [db.session.scalars(select(Resource).filter_by(external_id=name)).one() for name in names]
        bob = person_named("bob")
        offer = world.services.request_offers.offer(bob, resources, grantee_id=bob.id)
        return [
            (group.key, [(str(each.person.user_id), each.person.id) for each in group.who.candidates])
            for group in offer.groups
        ]


def flow_groups(world: World, items: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """Return for each group its key, the node to choose at, and who is chosen to begin with."""
    with world.app.app_context():
        bob = person_named("bob")
        form = RequestForm(
            items=asked_items(items), days=7, until=None, reason="", department_id=None, submission_key=""
        )
        found = world.services.flow_offers.offers(bob, form, grantee_id=bob.id)
        return [
            (each.key, each.offer.pickers[0].node.id, each.offer.pickers[0].chosen[0].user_id)
            for each in found
        ]
