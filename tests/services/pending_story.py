"""Steps of what happens while nobody decides: rules of the admin, days that pass, who is asked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, ApprovalSettings, PersonRole, RequestItem
from tests.portal_world import World
from tests.services.story import person_named

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
    """Let the chores look for what is overdue, and the worker do what that leads to."""
    with world.app.app_context():
        world.services.chores.do("escalate_overdue_approvals")
        world.services.chores.do("lapse_overdue_approvals")


def work_on(world: World, *, rounds: int = 12) -> None:
    """Do what is due, letting a few seconds pass between: withdrawals need 15 s after the start."""
    for _ in range(rounds):
        world.work()
        world.let_pass(seconds=10)


def pass_days(world: World, days: float) -> None:
    world.let_pass(days=days)
    go_round(world)
