"""Access ends: on time, by its person, by those who keep it; once, whoever was first; and is taken away once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.models.person import Role
from portal.rules.grant_state import is_in_effect
from portal.services.faults import FieldFault, NotThere, Problem
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.grant_story import (
    BUSY,
    REFUSED,
    CountingTarget,
    advance,
    approved,
    give_role,
    grant,
    known_people,
    let_pass_until_due,
    with_target,
)
from tests.services.story import actor_named, audited, person_named
from tests.services.test_work_notices import notices
from tests.services.together import DONE, at_once


@pytest.fixture
def target(world: World) -> CountingTarget:
    known_people(world, "alice", "bob", "dora")
    with world.app.app_context():
        world.services.chores.plan()
    return with_target(world, CountingTarget())


def given(world: World, **asked: object) -> int:
    grant_id = approved(world, **asked)  # type: ignore[arg-type]
    advance(world, grant_id)
    assert grant(world, grant_id).state == "active"
    return int(grant_id or 0)


def give_back(world: World, grant_id: int, *, who: str = "bob") -> None:
    with world.app.app_context():
        world.services.grant_ends.give_back(actor_named(who), person_named(who), grant_id)


def revoke(world: World, grant_id: int, *, who: str = "alice", reason: str = "Left the team") -> None:
    with world.app.app_context():
        world.services.grant_ends.revoke(actor_named(who), person_named(who), grant_id, reason=reason)


def kinds_told(world: World) -> list[str]:
    return world.look(lambda: [each.kind for each in notices()])


@on_both_engines
def test_access_ends_on_time_and_is_taken_away_once(world: World, target: CountingTarget) -> None:
    grant_id = given(world, days=1)
    world.let_pass(hours=23, minutes=59)
    world.work()
    assert grant(world, grant_id).state == "active"
    world.let_pass(minutes=2)
    world.work_until(lambda: grant(world, grant_id).state == "expired")
    assert target.actions() == ["deliver", "remove"]
    assert target.held == {}
    over = grant(world, grant_id)
    assert over.ended_at is not None
    assert not is_in_effect(over.state, ending=over.ending, expires_at=over.expires_at, now=world.clock.now())
    assert "grant_expired" in kinds_told(world)


def test_more_than_one_lot_expires_in_a_round(world: World, target: CountingTarget) -> None:
    from portal.services.grants import expiry

    ids = [given(world, days=1) for _ in range(3)]
    world.let_pass(days=2)
    assert expiry.TOGETHER > 1
    world.work_until(lambda: all(grant(world, each).state == "expired" for each in ids))
    assert target.held == {}


def test_a_grant_that_was_never_begun_ends_without_its_target(world: World, target: CountingTarget) -> None:
    grant_id = approved(world, days=1)
    world.let_pass(days=2)
    world.work_until(lambda: grant(world, grant_id).state == "expired")
    assert target.orders == []


def test_a_grant_that_may_have_been_given_is_taken_away_too(world: World, target: CountingTarget) -> None:
    target.failures = [BUSY]
    grant_id = approved(world, days=1)
    advance(world, grant_id)
    world.let_pass(days=2)
    world.work_until(lambda: grant(world, grant_id).state == "expired")
    assert target.actions() == ["deliver", "remove"]


def test_nothing_is_given_after_the_end_even_before_the_sweep(world: World, target: CountingTarget) -> None:
    grant_id = approved(world, days=1)
    world.let_pass(days=1, seconds=1)
    advance(world, grant_id)
    assert grant(world, grant_id).state == "expired"
    assert target.orders == []


def test_a_target_that_is_down_at_the_end_is_asked_until_it_is_gone(
    world: World, target: CountingTarget
) -> None:
    grant_id = given(world, days=1)
    target.failures = [BUSY, BUSY, BUSY]
    world.let_pass(days=1, seconds=1)
    world.work_until(lambda: grant(world, grant_id).state == "failing")
    failing = grant(world, grant_id)
    assert failing.ending == "expired"
    while grant(world, grant_id).state != "expired":
        let_pass_until_due(world, grant_id)
        advance(world, grant_id)
    removals = {order.delivery_id for action, order in target.orders if action == "remove"}
    assert len(removals) == 1


def test_what_hindered_giving_it_is_over_once_it_is_given_back(world: World, target: CountingTarget) -> None:
    target.failures = [REFUSED]
    grant_id = int(approved(world) or 0)
    world.work_until(lambda: grant(world, grant_id).state == "failing")
    give_back(world, grant_id)
    assert grant(world, grant_id).failure is None
    advance(world, grant_id)
    assert grant(world, grant_id).state == "returned"


def test_somebody_gives_their_access_back(world: World, target: CountingTarget) -> None:
    grant_id = given(world)
    give_back(world, grant_id)
    give_back(world, grant_id)
    advance(world, grant_id)
    assert grant(world, grant_id).state == "returned"
    assert target.actions() == ["deliver", "remove"]
    assert world.look(lambda: len(audited("grant.returned"))) == 1


@pytest.mark.parametrize("who", ["alice", "chen", "dora"])
def test_nobody_gives_back_what_is_not_theirs(world: World, target: CountingTarget, who: str) -> None:
    grant_id = given(world)
    known_people(world, who)
    with pytest.raises(NotThere):
        give_back(world, grant_id, who=who)
    assert target.actions() == ["deliver"]


@pytest.mark.parametrize("who", ["alice", "chen"])
def test_an_admin_or_the_owner_takes_it_away_and_its_person_is_told(
    world: World, target: CountingTarget, who: str
) -> None:
    grant_id = given(world)
    known_people(world, who)
    revoke(world, grant_id, who=who)
    advance(world, grant_id)
    over = grant(world, grant_id)
    assert (over.state, over.end_reason) == ("revoked", "Left the team")
    assert target.held == {}
    assert "grant_revoked" in kinds_told(world)


def test_an_auditor_changes_nothing(world: World, target: CountingTarget) -> None:
    grant_id = given(world)
    give_role(world, "dora", Role.AUDITOR)
    with pytest.raises(NotThere):
        revoke(world, grant_id, who="dora")
    with pytest.raises(NotThere):
        revoke(world, grant_id, who="bob")
    assert target.actions() == ["deliver"]


def test_taking_away_needs_a_reason(world: World, target: CountingTarget) -> None:
    grant_id = given(world)
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(FieldFault):
            revoke(world, grant_id, reason=reason)
    assert target.actions() == ["deliver"]


def test_an_end_does_not_become_another_end(world: World, target: CountingTarget) -> None:
    grant_id = given(world, days=1)
    give_back(world, grant_id)
    with pytest.raises(Problem):
        revoke(world, grant_id)
    advance(world, grant_id)
    world.let_pass(days=2)
    world.work()
    assert grant(world, grant_id).state == "returned"
    assert target.actions() == ["deliver", "remove"]


@on_both_engines
def test_of_two_ends_at_once_one_counts(world: World, target: CountingTarget) -> None:
    grant_id = given(world)

    def back() -> None:
        world.services.grant_ends.give_back(actor_named("bob"), person_named("bob"), grant_id)

    def away() -> None:
        alice = person_named("alice")
        world.services.grant_ends.revoke(actor_named("alice"), alice, grant_id, reason="Audit")

    verdicts = at_once(world, back, away)
    assert sorted(verdicts) == [DONE, "grant_over"]
    world.work()
    assert grant(world, grant_id).state in ("returned", "revoked")
    assert target.actions() == ["deliver", "remove"]


@on_both_engines
def test_access_that_is_given_back_while_it_is_given_does_not_stay(
    world: World, target: CountingTarget
) -> None:
    grant_id = int(approved(world) or 0)
    target.while_asked = lambda: give_back(world, grant_id)
    advance(world, grant_id)
    world.work()
    assert grant(world, grant_id).state == "returned"
    assert target.actions() == ["deliver", "remove"]
    assert "grant_active" not in kinds_told(world)


def test_an_earlier_grant_ends_while_its_renewal_stays(world: World, target: CountingTarget) -> None:
    earlier = given(world, days=1)
    later = given(world, days=30, renews=earlier)
    assert grant(world, later).renews_id == earlier
    world.let_pass(days=1, seconds=1)
    world.work_until(lambda: grant(world, earlier).state == "expired")
    action, order = target.orders[-1]
    assert (action, order.grant_id) == ("remove", earlier)
    (other,) = order.others
    assert (other.entitlement, other.expires_at) == ("view", grant(world, later).expires_at)
    assert grant(world, later).state == "active"
    assert "grant_expired" not in kinds_told(world)


def test_a_form_cannot_renew_what_is_somebody_elses(world: World, target: CountingTarget) -> None:
    theirs = given(world, who="dora")
    assert grant(world, approved(world, renews=theirs)).renews_id is None
    assert target.actions() == ["deliver"]


@on_both_engines
def test_the_end_is_announced_a_week_and_a_day_before(world: World, target: CountingTarget) -> None:
    given(world, days=30)
    given(world, resource="orders", entitlement="use", days=3)
    given(world, resource="regional-revenue", days=1)
    assert target.actions() == ["deliver"] * 3
    told = []
    for _ in range(32):
        world.let_pass(days=1)
        with world.app.app_context():
            world.services.chores.do("announce_ends_of_grants")
        told.append([kind for kind in kinds_told(world) if kind.startswith("grant_ends")])
    assert told[0] == []
    assert told[1] == ["grant_ends_tomorrow"]
    assert told[22] == ["grant_ends_tomorrow", "grant_ends_in_a_week"]
    assert told[-1] == ["grant_ends_tomorrow", "grant_ends_in_a_week", "grant_ends_tomorrow"]


def test_what_is_renewed_already_is_not_announced(world: World, target: CountingTarget) -> None:
    earlier = given(world, days=8)
    given(world, days=90, renews=earlier)
    world.let_pass(days=7, hours=2)
    with world.app.app_context():
        world.services.chores.do("announce_ends_of_grants")
    assert [kind for kind in kinds_told(world) if kind.startswith("grant_ends")] == []
    assert target.actions() == ["deliver", "deliver"]


def test_what_failed_for_good_is_tried_again_by_those_who_keep_it(
    world: World, target: CountingTarget
) -> None:
    target.failures = [REFUSED]
    grant_id = int(approved(world) or 0)
    advance(world, grant_id)
    with world.app.app_context():
        ends = world.services.grant_ends
        with pytest.raises(NotThere):
            ends.try_again(actor_named("bob"), person_named("bob"), grant_id)
        ends.try_again(actor_named("alice"), person_named("alice"), grant_id)
    advance(world, grant_id)
    assert grant(world, grant_id).state == "active"
    assert grant(world, grant_id).expires_at is not None
    assert grant(world, grant_id).expires_at == grant(world, grant_id).approved_at + timedelta(days=7)


def leave_to_hands(world: World, grant_id: int, *, who: str) -> None:
    with world.app.app_context():
        world.services.grant_ends.leave_to_hands(actor_named(who), person_named(who), grant_id)


def confirm(world: World, grant_id: int, *, who: str) -> None:
    with world.app.app_context():
        world.services.grant_tasks.confirm(actor_named(who), person_named(who), grant_id)


def test_what_a_tool_does_not_take_away_any_more_people_take_away(
    world: World, target: CountingTarget
) -> None:
    known_people(world, "chen")
    grant_id = given(world)
    with pytest.raises(Problem):
        leave_to_hands(world, grant_id, who="chen")
    target.failures = [REFUSED]
    give_back(world, grant_id)
    advance(world, grant_id)
    assert grant(world, grant_id).state == "failing"
    with pytest.raises(NotThere):
        leave_to_hands(world, grant_id, who="dora")
    leave_to_hands(world, grant_id, who="chen")
    assert len(world.look(lambda: audited("grant.left_to_hands"))) == 1
    advance(world, grant_id)
    waiting = grant(world, grant_id)
    assert (waiting.target, waiting.failure, waiting.task_at is not None) == ("manual", None, True)
    confirm(world, grant_id, who="chen")
    assert grant(world, grant_id).state == "returned"


def test_what_a_tool_does_not_give_people_give_and_take_away(world: World, target: CountingTarget) -> None:
    known_people(world, "chen")
    target.failures = [REFUSED, REFUSED]
    grant_id, unclear_id = int(approved(world) or 0), int(approved(world, resource="orders") or 0)
    for each in (grant_id, unclear_id):
        advance(world, each)
        leave_to_hands(world, each, who="chen")
        advance(world, each)
    confirm(world, grant_id, who="chen")
    assert grant(world, grant_id).state == "active"
    for each in (grant_id, unclear_id):
        give_back(world, each)
        advance(world, each)
        assert grant(world, each).task_at is not None  # nobody knows what the tool did
        confirm(world, each, who="chen")
        assert grant(world, each).state == "returned"
