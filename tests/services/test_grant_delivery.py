"""Grants are given once, by one worker at a time, and what a target cannot do is told and tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.database import transaction
from portal.extensions import db
from portal.models import Grant, GrantDelivery, RequestItem
from portal.rules.organisation_day import organisation_day
from portal.services.grants.grant_claims import CALL_LEASE
from portal.services.grants.grant_making import make_grants
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.grant_story import (
    BUSY,
    REFUSED,
    CountingTarget,
    advance,
    approved,
    grant,
    known_people,
    let_pass_until_due,
    with_target,
)
from tests.services.story import audited


@pytest.fixture
def target(world: World) -> CountingTarget:
    known_people(world, "bob")
    return with_target(world, CountingTarget())


@on_both_engines
def test_an_approved_item_becomes_access(world: World, target: CountingTarget) -> None:
    grant_id = approved(world)
    assert grant(world, grant_id).state == "due"
    world.work()
    given = grant(world, grant_id)
    assert (given.state, given.due_at, given.failure) == ("active", None, None)
    ((_, order),) = target.orders
    assert (order.person_user_id, order.resource_id, order.entitlement) == ("bob", "sales-overview", "view")
    assert given.expires_at == given.approved_at + timedelta(days=7)
    assert world.look(lambda: [each.after["state"] for each in audited("grant.given")]) == ["active"]
    world.work()
    assert target.actions() == ["deliver"]


@pytest.mark.parametrize("incident", ["self_approved", "nobody_agreed"])
def test_an_approval_that_does_not_count_gives_nothing(
    world: World, target: CountingTarget, incident: str
) -> None:
    assert approved(world, incident=incident) is None
    world.work()
    assert target.orders == []


@pytest.mark.parametrize("state", ["rejected", "withdrawn", "lapsed", "pending"])
def test_nothing_else_than_an_approval_gives_anything(
    world: World, target: CountingTarget, state: str
) -> None:
    assert approved(world, state=state) is None
    assert target.orders == []


def test_approved_after_its_end_gives_nothing_and_says_so(world: World, target: CountingTarget) -> None:
    yesterday = organisation_day(world.clock.now()) - timedelta(days=1)
    assert approved(world, until=yesterday) is None
    assert world.look(lambda: audited("grant.not_made")[0].after["reason"]) == "approved_after_its_end"
    assert target.orders == []


def test_access_until_a_day_lasts_to_the_end_of_that_day(world: World, target: CountingTarget) -> None:
    today = organisation_day(world.clock.now())
    grant_id = approved(world, until=today)
    expires_at = grant(world, grant_id).expires_at
    assert expires_at is not None
    assert organisation_day(expires_at) == today + timedelta(days=1)
    assert organisation_day(expires_at - timedelta(microseconds=1)) == today
    assert target.orders == []


@on_both_engines
def test_a_target_that_is_busy_is_asked_again_under_the_same_delivery(
    world: World, target: CountingTarget
) -> None:
    target.failures = [BUSY, BUSY]
    grant_id = approved(world)
    world.work()
    failing = grant(world, grant_id)
    assert failing.state == "failing"
    assert failing.due_at is not None
    for _ in range(2):
        let_pass_until_due(world, grant_id)
        world.work()
    assert grant(world, grant_id).state == "active"
    assert len({order.delivery_id for _, order in target.orders}) == 1
    tries = world.look(lambda: db.session.scalars(select(GrantDelivery.is_done)).all())
    assert tries == [False, False, True]


def test_a_refusal_for_good_waits_for_somebody(world: World, target: CountingTarget) -> None:
    target.failures = [REFUSED]
    grant_id = approved(world)
    world.work()
    failing = grant(world, grant_id)
    assert (failing.state, failing.due_at) == ("failing", None)
    world.let_pass(days=1)
    world.work()
    assert target.actions() == ["deliver"]


def test_a_bug_of_a_target_is_a_failure_like_any_other(world: World, target: CountingTarget) -> None:
    target.while_asked = lambda: 1 / 0
    grant_id = approved(world)
    world.work()
    failing = grant(world, grant_id)
    assert failing.failure is not None
    assert (failing.state, failing.failure["kind"]) == ("failing", "target_broke")


@on_both_engines
def test_nobody_else_touches_the_same_access_while_a_target_is_asked(
    world: World, target: CountingTarget
) -> None:
    first = approved(world)
    second = approved(world, entitlement="export")
    seen: list[str] = []

    def meanwhile() -> None:
        advance(world, first)
        advance(world, second)
        seen.extend(target.actions())

    target.while_asked = meanwhile
    advance(world, first)
    assert seen == ["deliver"]
    world.work()
    assert [grant(world, each).state for each in (first, second)] == ["active", "active"]
    assert target.actions() == ["deliver", "deliver"]


@on_both_engines
def test_a_worker_that_died_is_followed_by_the_same_try(world: World, target: CountingTarget) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    target.while_asked = die
    grant_id = approved(world)
    with pytest.raises(KeyboardInterrupt):
        advance(world, grant_id)
    advance(world, grant_id)
    assert target.actions() == ["deliver"]
    world.let_pass(seconds=CALL_LEASE.total_seconds() + 1)
    world.work()
    assert grant(world, grant_id).state == "active"
    assert len({order.delivery_id for _, order in target.orders}) == 1


@on_both_engines
def test_an_answer_that_comes_after_somebody_took_over_changes_nothing(
    world: World, target: CountingTarget
) -> None:
    grant_id = approved(world)

    def somebody_takes_over() -> None:
        world.let_pass(seconds=CALL_LEASE.total_seconds() + 1)
        advance(world, grant_id)

    target.while_asked = somebody_takes_over
    target.failures = []
    advance(world, grant_id)
    given = grant(world, grant_id)
    assert (given.state, given.due_at) == ("active", None)
    assert world.look(lambda: len(audited("grant.given"))) == 1


def test_an_outcome_told_twice_makes_one_grant(world: World, target: CountingTarget) -> None:
    grant_id = approved(world)
    with world.app.app_context(), transaction() as session:
        item = session.scalars(select(RequestItem)).one()
        make_grants(session, item.approval, at=world.clock.now())
    assert world.look(lambda: db.session.scalars(select(Grant.id)).all()) == [grant_id]
    assert target.orders == []
