"""Grants that are due together are worked on together, and none of them pays for another one of its lot."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import pytest

from portal.database import transaction
from portal.grants.grant_target import Delivered, GrantOrder
from portal.services.grants.grant_claims import CALL_LEASE, TURN_WITHIN, claim_lot
from portal.services.grants.grant_results import settle_lot
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.grant_story import (
    BUSY,
    CountingTarget,
    approved,
    grant,
    known_people,
    with_target,
)
from tests.services.story import audited

PEOPLE = ("bob", "dora")
RESOURCES = ("sales-overview", "orders")
LONGEST_WAIT_SECONDS = 60.0


@pytest.fixture
def target(world: World) -> CountingTarget:
    known_people(world, *PEOPLE)
    return with_target(world, CountingTarget())


def several(world: World) -> list[int]:
    """Approve four grants, each of another access."""
    return [approved(world, who=who, resource=what) or 0 for who in PEOPLE for what in RESOURCES]


def advance_lot(world: World, ids: Iterable[int]) -> None:
    with world.app.app_context():
        world.services.grant_delivery.advance_lot(",".join(map(str, ids)))


def states(world: World, ids: Iterable[int]) -> list[str]:
    return [grant(world, each).state for each in ids]


@on_both_engines
def test_a_lot_is_given_whole_but_for_what_fails(world: World, target: CountingTarget) -> None:
    ids = several(world)
    target.failures = [BUSY]
    advance_lot(world, [*ids, 999_999])
    assert sorted(states(world, ids)) == ["active", "active", "active", "failing"]
    assert sorted(order.grant_id for _, order in target.orders) == ids
    assert world.look(lambda: len(audited("grant.given"))) == 3


@on_both_engines
def test_two_grants_of_one_access_in_a_lot_go_one_after_the_other(
    world: World, target: CountingTarget
) -> None:
    ids = [approved(world) or 0, approved(world, entitlement="export") or 0]
    advance_lot(world, ids)
    assert target.actions() == ["deliver"]
    assert states(world, ids) == ["active", "due"]
    due_at = grant(world, ids[1]).due_at
    assert due_at is not None
    assert due_at <= world.clock.now()
    world.work()
    assert states(world, ids) == ["active", "active"]


@on_both_engines
def test_what_is_quick_is_written_while_a_slow_one_is_still_asked(
    world: World, target: CountingTarget
) -> None:
    ids = several(world)
    go_on = threading.Event()
    target.while_asked = lambda: go_on.wait(LONGEST_WAIT_SECONDS)
    working = threading.Thread(target=advance_lot, args=(world, ids))
    working.start()
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while states(world, ids).count("active") < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    seen = sorted(states(world, ids))
    go_on.set()
    working.join()
    assert seen == ["active", "active", "active", "due"]
    assert states(world, ids) == ["active"] * 4


@on_both_engines
def test_a_worker_that_died_over_a_lot_is_followed_by_the_same_tries(
    world: World, target: CountingTarget
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    ids = several(world)
    target.while_asked = die
    with pytest.raises(KeyboardInterrupt):
        advance_lot(world, ids)
    world.let_pass(seconds=CALL_LEASE.total_seconds() + 1)
    world.work()
    assert states(world, ids) == ["active"] * 4
    assert len({order.delivery_id for _, order in target.orders}) == 4


def test_what_had_no_turn_in_time_is_handed_back_as_never_begun(world: World, target: CountingTarget) -> None:
    ids = several(world)
    beyond = TURN_WITHIN.total_seconds() + 1
    with world.app.app_context(), transaction() as session:
        taken = claim_lot(session, ids, now=world.clock.now())
        world.let_pass(seconds=beyond)
        assert not any(each.may_begin(world.clock.now()) for each in taken)
        settle_lot(session, [(each, None) for each in taken], now=world.clock.now())
    left = [grant(world, each) for each in ids]
    assert all(
        each.leased_until is None and each.due_at is not None and each.due_at <= world.clock.now()
        for each in left
    )
    world.work()
    assert states(world, ids) == ["active"] * 4
    assert all(order.is_first_try for _, order in target.orders)


@on_both_engines
def test_an_answer_that_cannot_be_kept_costs_no_other_of_its_lot(world: World) -> None:
    class Unkept(CountingTarget):
        def deliver(self, order: GrantOrder) -> Delivered:
            super().deliver(order)
            facts = {"given": object()} if order.grant_id == ids[1] else {}
            return Delivered(facts=facts)

    known_people(world, *PEOPLE)
    with_target(world, Unkept())
    ids = several(world)
    advance_lot(world, ids)
    assert states(world, ids) == ["active", "due", "active", "active"]
