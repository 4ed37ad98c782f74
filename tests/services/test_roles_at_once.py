"""However admins take roles at the same moment, one admin stays; people and roles are read alike on both engines."""

from __future__ import annotations

from collections.abc import Callable

from portal.extensions import db
from portal.models import PersonRole
from portal.models.person import Role
from portal.services.audit import PORTAL
from portal.services.faults import ProblemReason
from tests.portal_world import CORP_ID, World
from tests.services.engines import on_both_engines
from tests.services.story import person_named
from tests.services.together import DONE, at_once

pytestmark = on_both_engines
ADMIN = Role.ORGANIZATION_ADMIN


def admins() -> int:
    return db.session.query(PersonRole).filter_by(role=ADMIN).count()


def take(world: World, user_id: str) -> Callable[[], None]:
    def action() -> None:
        person_id = person_named(user_id).id
        db.session.rollback()
        world.services.roles.take(PORTAL, None, person_id=person_id, role=ADMIN)

    return action


def test_two_admins_whose_roles_are_taken_at_once_leave_one(world: World) -> None:
    for user_id in ("alice", "iris"):
        world.client(user_id)
    with world.app.app_context():
        world.services.people.grant_role(PORTAL, corp_id=CORP_ID, user_id="iris", role=ADMIN)
    told = at_once(world, take(world, "alice"), take(world, "iris"))
    assert sorted(told) == sorted([DONE, ProblemReason.LAST_ADMIN.value])
    assert world.look(admins) == 1


def test_every_role_can_be_held_and_resources_without_anybody_are_counted(world: World) -> None:
    world.client("dora")
    with world.app.app_context():
        for role in Role:
            world.services.roles.give(PORTAL, None, person_id=person_named("dora").id, role=role)
        assert world.services.undecided_resources.count() >= 1
        assert world.services.undecided_resources.some(limit=1)
        assert len(world.services.known_people.view(person_named("dora").id).roles) == len(Role)
