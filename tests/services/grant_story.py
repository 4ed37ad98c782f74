"""Steps about grants: a target that counts, and grants made from approvals that need no DingTalk."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from portal.channels.failures import Failure, Retry
from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import Delivered, Finding, Found, GrantOrder, TargetError, TargetName
from portal.models import AccessRequest, Approval, Grant, Person, RequestItem, Resource
from portal.models.person import Role
from portal.rules.approval_state import ApprovalState
from portal.services.audit import PORTAL
from portal.services.grants.grant_making import make_grants
from tests.portal_world import CORP_ID, World
from tests.services.story import person_named

BUSY = Failure(kind="unreachable", retry=Retry.RETRYABLE)
REFUSED = Failure(kind="refused", retry=Retry.PERMANENT)


@dataclass
class CountingTarget:
    """Stands where a BI tool would: remembers who holds what and how often it was asked; fails when told to."""

    held: dict[int, GrantOrder] = field(default_factory=dict)
    orders: list[tuple[str, GrantOrder]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    while_asked: Any = None

    def deliver(self, order: GrantOrder) -> Delivered:
        self._asked("deliver", order)
        self.held[order.grant_id] = order
        return Delivered(facts={"given": order.delivery_id})

    def remove(self, order: GrantOrder) -> Delivered:
        self._asked("remove", order)
        self.held.pop(order.grant_id, None)
        return Delivered(facts={**order.known, "taken": order.delivery_id})

    def check(self, order: GrantOrder) -> Found:
        self._asked("check", order)
        return Found(finding=Finding.AS_WANTED if order.grant_id in self.held else Finding.MISSING)

    def actions(self) -> list[str]:
        """Return what it was asked to change, in order."""
        return [action for action, _ in self.orders if action != "check"]

    def _asked(self, action: str, order: GrantOrder) -> None:
        self.orders.append((action, order))
        if self.while_asked is not None:
            todo, self.while_asked = self.while_asked, None
            todo()
        if self.failures:
            raise TargetError(self.failures.pop(0))


def with_target(
    world: World, target: CountingTarget, name: TargetName = TargetName.QUICKBI
) -> CountingTarget:
    """Let a target stand under a name, as the composition root would have put it there."""
    targets: Mapping[TargetName, Any] = world.services.grant_delivery.targets
    targets[name] = target  # type: ignore[index]
    return target


def approved(
    world: World,
    *,
    who: str = "bob",
    resource: str = "sales-overview",
    entitlement: str = "view",
    target: str = "quickbi",
    incident: str = "",
    renews: int | None = None,
    state: str = ApprovalState.APPROVED,
    **validity: Any,
) -> int | None:
    """Write an approval as its channel would leave it, make its grants, and return the grant's id."""
    with world.app.app_context(), transaction() as session:
        now = world.clock.now()
        person = _person(who)
        wanted = session.scalars(select(Resource).filter_by(external_id=resource)).one()
        wanted.target = target
        request = AccessRequest(
            number=f"AR-{secrets.token_hex(6)}",
            requester_id=person.id,
            department_id=1,
            reason="Quarterly report",
            requested_duration_days=validity.get("days", None if "until" in validity else 7),
            valid_until=validity.get("until"),
            language="en",
            state=state,
            submission_key=secrets.token_hex(16),
            submitted_at=now,
        )
        session.add(request)
        session.flush()
        approval = Approval(
            request_id=request.id,
            channel="in_platform",
            approver_id=_person("chen").id,
            approver_reason="owner",
            state=state,
            closed_at=now,
            incident={"kind": incident} if incident else None,
        )
        session.add(approval)
        session.flush()
        item = RequestItem(
            request_id=request.id,
            approval_id=approval.id,
            resource_id=wanted.id,
            entitlement=entitlement,
            renews_grant_id=renews,
        )
        session.add(item)
        session.flush()
        make_grants(session, approval, at=now)
        return session.scalar(select(Grant.id).filter_by(item_id=item.id))


def known_people(world: World, *user_ids: str) -> None:
    """Let people be known as if they had signed in once."""
    for user_id in user_ids:
        world.client(user_id)


def give_role(world: World, user_id: str, role: Role) -> None:
    with world.app.app_context():
        world.services.people.grant_role(PORTAL, corp_id=CORP_ID, user_id=user_id, role=role)


def grant(world: World, grant_id: int | None) -> Grant:
    """Read a grant with a fresh view; use only its own columns."""
    return world.look(lambda: db.session.get_one(Grant, grant_id))


def advance(world: World, grant_id: int | None) -> None:
    with world.app.app_context():
        world.services.grant_delivery.advance(int(grant_id or 0))


def let_pass_until_due(world: World, grant_id: int | None) -> None:
    due_at = grant(world, grant_id).due_at
    assert due_at is not None, "nothing is due"
    world.let_pass(seconds=max(0.0, (due_at - world.clock.now()).total_seconds()) + 0.001)


def _person(user_id: str) -> Person:
    return person_named(user_id)
