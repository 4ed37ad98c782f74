"""Steps of what happens while nobody decides: rules of the admin, days that pass, who is asked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, ApprovalSettings, PersonRole, RequestItem, WorkNotice
from portal.services.work.chores import ChoreName
from tests.portal_world import World
from tests.services.story import ask, person_named, set_up

KINDS = ["data_work_owner", "permission_administrator"]


def set_rules(world: World, **rules: Any) -> None:
    """Set what an admin decides about waiting: kinds, days, channels."""
    with world.app.app_context(), transaction() as session:
        settings = session.get_one(ApprovalSettings, 1)
        for name, value in {"approver_kinds": KINDS, **rules}.items():
            setattr(settings, name, value)


def make_permission_administrator(world: World, user_id: str) -> None:
    with world.app.app_context(), transaction() as session:
        person = person_named(user_id)
        role = "permission_administrator"
        session.add(PersonRole(person_id=person.id, role=role, given_at=world.clock.now()))


def approvals_of(number: str) -> list[Approval]:
    """Return all approvals of a request by their position."""
    return list(
        db.session.scalars(
            select(Approval)
            .join(AccessRequest, Approval.request_id == AccessRequest.id)
            .where(AccessRequest.number == number)
            .order_by(Approval.position)
        )
    )


def states_of(number: str) -> list[str]:
    return [each.state for each in approvals_of(number)]


def request_named(number: str) -> AccessRequest:
    return db.session.scalars(select(AccessRequest).filter_by(number=number)).one()


def holders_of_items(number: str) -> set[int]:
    """Return the positions of the approvals that hold the request's items."""
    held = select(Approval.position).join(RequestItem, RequestItem.approval_id == Approval.id)
    return set(db.session.scalars(held.where(Approval.request_id == request_named(number).id)))


def go_round(world: World) -> None:
    """Let the chores look for what is overdue, as the worker does by the clock."""
    with world.app.app_context():
        for chore in (ChoreName.ESCALATE, ChoreName.LAPSE):
            world.services.chores.tasks[chore]()


def work_on(world: World, *, rounds: int = 12) -> None:
    """Hear and do what is due, letting a few seconds pass between: withdrawals need 15 s after the start."""
    for _ in range(rounds):
        world.hear_everything()
        world.let_pass(seconds=10)


def pass_days(world: World, days: float) -> None:
    world.let_pass(days=days)
    go_round(world)


def ready(world: World, **rules: object) -> None:
    set_up(world)
    world.client("chen")
    # In the sandbox days do not pass, so it would find every instance too young.
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    make_permission_administrator(world, "alice")
    set_rules(world, **rules)


def in_portal(world: World, **rules: object) -> str:
    """Ask for something that is decided in the portal, and return the number."""
    ready(world, is_in_platform_channel_on=True, prefers_in_platform=True, **rules)
    return ask(world)


def notices(kind: str) -> list[WorkNotice]:
    return list(db.session.scalars(select(WorkNotice).filter_by(kind=kind)))
