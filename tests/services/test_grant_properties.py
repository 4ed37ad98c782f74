"""Whatever happens in whatever order: no access without an approval that counts, none beyond its end, no way back."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import Delivered, GrantOrder
from portal.models import Approval, Grant, RequestItem
from portal.rules.approval_state import DOES_NOT_COUNT, ApprovalState
from portal.rules.grant_state import has_ended, is_in_effect
from portal.services.faults import Problem
from tests.portal_world import World
from tests.services.grant_story import (
    BUSY,
    REFUSED,
    CountingTarget,
    advance,
    approved,
    known_people,
    with_target,
)
from tests.services.story import actor_named, person_named

HOURS = st.integers(1, 80)
FAILURES = st.sampled_from([None, None, None, BUSY, REFUSED, "dies", "dies_afterwards"])


class Died(BaseException):
    """The worker was killed."""


class WatchfulTarget(CountingTarget):
    """A target that complains when it is to give what has ended."""

    world: World
    dies_afterwards = False

    def deliver(self, order: GrantOrder) -> Delivered:
        assert order.expires_at is None or order.expires_at > self.world.clock.now(), "given after its end"
        delivered = super().deliver(order)
        return self._perhaps_die(delivered)

    def remove(self, order: GrantOrder) -> Delivered:
        return self._perhaps_die(super().remove(order))

    def _perhaps_die(self, delivered: Delivered) -> Delivered:
        if self.dies_afterwards:
            self.dies_afterwards = False
            raise Died
        return delivered


class Lives(RuleBasedStateMachine):
    """Grants of two people on two resources, with kills, failures, ends and time in any order."""

    world: World
    target: WatchfulTarget

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[int] = []
        self.ends_seen: dict[int, str] = {}
        self.target.held.clear()
        self.target.orders.clear()

    @rule(
        who=st.sampled_from(["bob", "dora"]),
        resource=st.sampled_from(["sales-overview", "orders"]),
        days=st.integers(1, 9),
        state=st.sampled_from([*[ApprovalState.APPROVED] * 4, ApprovalState.REJECTED, ApprovalState.PENDING]),
        incident=st.sampled_from(["", "", "", *sorted(DOES_NOT_COUNT)]),
    )
    def approve(self, who: str, resource: str, days: int, state: str, incident: str) -> None:
        made = approved(self.world, who=who, resource=resource, days=days, state=state, incident=incident)
        assert (made is not None) == (state == ApprovalState.APPROVED and not incident)
        if made is not None:
            self.ids.append(made)

    @rule(position=st.integers(0, 9), outcome=FAILURES)
    def work(self, position: int, outcome: object) -> None:
        self.target.failures = [outcome] if outcome in (BUSY, REFUSED) else []  # type: ignore[list-item]
        self.target.while_asked = self._die if outcome == "dies" else None
        self.target.dies_afterwards = outcome == "dies_afterwards"
        if self.ids:
            with suppress(Died):
                advance(self.world, self.ids[position % len(self.ids)])
        self.target.failures, self.target.while_asked, self.target.dies_afterwards = [], None, False

    @rule(outcome=FAILURES)
    def work_on_all(self, outcome: object) -> None:
        self.target.failures = [outcome] if outcome in (BUSY, REFUSED) else []  # type: ignore[list-item]
        self.target.while_asked = self._die if outcome == "dies" else None
        self.target.dies_afterwards = outcome == "dies_afterwards"
        if self.ids:
            with self.world.app.app_context(), suppress(Died):
                self.world.services.grant_delivery.advance_lot(",".join(map(str, self.ids)))
        self.target.failures, self.target.while_asked, self.target.dies_afterwards = [], None, False

    @rule(position=st.integers(0, 9))
    def give_back(self, position: int) -> None:
        if self.ids:
            with self.world.app.app_context(), suppress(Problem):
                grant = db.session.get_one(Grant, self.ids[position % len(self.ids)])
                who = grant.person.user_id or ""
                self.world.services.grant_ends.give_back(actor_named(who), person_named(who), grant.id)

    @rule(position=st.integers(0, 9))
    def revoke(self, position: int) -> None:
        if self.ids:
            grant_id = self.ids[position % len(self.ids)]
            with self.world.app.app_context(), suppress(Problem):
                alice = person_named("alice")
                self.world.services.grant_ends.revoke(actor_named("alice"), alice, grant_id, reason="Audit")

    @rule(hours=HOURS)
    def time_passes(self, hours: int) -> None:
        self.world.let_pass(hours=hours)

    @rule()
    def sweep(self) -> None:
        with self.world.app.app_context():
            self.world.services.chores.do("expire_grants")
            self.world.services.chores.do("check_grants")

    @invariant()
    def nothing_is_had_without_an_approval_that_counts(self) -> None:
        with self.world.app.app_context():
            held = select(RequestItem.approval_id).join(Grant, Grant.item_id == RequestItem.id)
            for approval in db.session.scalars(select(Approval).where(Approval.id.in_(held))):
                assert approval.state == ApprovalState.APPROVED
                assert not approval.incident

    @invariant()
    def an_end_is_never_taken_back(self) -> None:
        with self.world.app.app_context():
            for grant in db.session.scalars(select(Grant).where(Grant.id.in_(self.ids))):
                if grant.id in self.ends_seen:
                    assert grant.ending == self.ends_seen[grant.id]
                    assert not has_ended(grant.state) or grant.state == grant.ending
                elif grant.ending is not None:
                    self.ends_seen[grant.id] = grant.ending
                assert has_ended(grant.state) == (grant.ended_at is not None)

    @invariant()
    def what_is_held_beyond_its_end_is_being_worked_on(self) -> None:
        now = self.world.clock.now()
        with self.world.app.app_context():
            for grant in db.session.scalars(select(Grant).where(Grant.id.in_(list(self.target.held)))):
                is_wanted = is_in_effect(
                    grant.state, ending=grant.ending, expires_at=grant.expires_at, now=now
                )
                is_seen_to = grant.due_at is not None or grant.failure is not None
                is_swept_soon = grant.ending is None
                assert is_wanted or is_seen_to or is_swept_soon

    def teardown(self) -> None:
        """When nothing fails any more, the target has exactly what is meant to be had."""
        with self.world.app.app_context(), transaction() as session:
            for grant in session.scalars(select(Grant).where(Grant.failure.is_not(None))):
                grant.due_at = grant.due_at or self.world.clock.now()
        for _ in range(4):
            self.world.let_pass(minutes=10)
            self.sweep()
            for grant_id in self.ids:
                advance(self.world, grant_id)
        now = self.world.clock.now()
        with self.world.app.app_context(), transaction() as session:
            grants = session.scalars(select(Grant).where(Grant.id.in_(self.ids))).all()
            wanted = {
                each.id
                for each in grants
                if is_in_effect(each.state, ending=each.ending, expires_at=each.expires_at, now=now)
            }
            assert set(self.target.held) == wanted
            assert all(each.state == "active" for each in grants if each.id in wanted)
            assert all(has_ended(each.state) for each in grants if each.id not in wanted)
            for each in grants:
                each.due_at = each.check_at = None
                each.ended_at = each.ended_at or now

    @staticmethod
    def _die() -> None:
        raise Died


@pytest.mark.parametrize("examples", [8, pytest.param(150, marks=pytest.mark.slow)])
def test_any_life_of_grants_keeps_the_promises(world: World, examples: int) -> None:
    known_people(world, "alice", "bob", "dora")
    with world.app.app_context():
        world.services.chores.plan()
    Lives.world, Lives.target = world, WatchfulTarget()
    Lives.target.world = world
    with_target(world, Lives.target)
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            derandomize=examples < 100,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
