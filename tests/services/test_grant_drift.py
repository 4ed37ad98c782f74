"""Targets are compared with what was approved: repaired once, reported, and never beyond the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from portal.database import transaction
from portal.grants.grant_target import Finding, Found, GrantOrder, TargetError
from portal.models import GrantTargetSettings
from portal.models.person import Role
from portal.services.faults import NotThere, Problem
from portal.services.grants.drift_check import ON_DRIFT, REPORT
from portal.services.lists.grant_filters import DIFFERING
from portal.services.lists.grant_search import WantedGrants
from portal.services.lists.list_filters import ListFilters
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.grant_story import (
    BUSY,
    CountingTarget,
    advance,
    approved,
    give_role,
    grant,
    known_people,
    with_target,
)
from tests.services.story import actor_named, audited, person_named


@dataclass
class LookedAt(CountingTarget):
    """A target whose looks can be told to find something."""

    found: Finding | None = None

    def check(self, order: GrantOrder) -> Found:
        if self.found is None:
            return super().check(order)
        self.orders.append(("check", order))
        return Found(finding=self.found)


@pytest.fixture
def target(world: World) -> LookedAt:
    known_people(world, "alice", "bob", "dora")
    with world.app.app_context():
        world.services.chores.plan()
    made = LookedAt()
    with_target(world, made)
    return made


def given(world: World, **asked: object) -> int:
    grant_id = approved(world, **asked)  # type: ignore[arg-type]
    advance(world, grant_id)
    return int(grant_id or 0)


def night(world: World) -> None:
    world.let_pass(days=1)
    with world.app.app_context():
        world.services.chores.do("check_grants")


def test_what_is_as_wanted_stays_untouched(world: World, target: LookedAt) -> None:
    grant_id = given(world, days=30)
    for _ in range(3):
        night(world)
        advance(world, grant_id)
    looked_at = grant(world, grant_id)
    assert (looked_at.state, looked_at.drift) == ("active", None)
    assert looked_at.checked_at is not None
    assert [action for action, _ in target.orders] == ["deliver", "check", "check", "check"]


@pytest.mark.parametrize("finding", [Finding.MISSING, Finding.LESS, Finding.ENDS_EARLIER])
def test_what_is_missing_is_given_again_once(world: World, target: LookedAt, finding: Finding) -> None:
    grant_id = given(world, days=30)
    target.found = finding
    for _ in range(3):
        night(world)
        advance(world, grant_id)
    assert target.actions() == ["deliver", "deliver"]
    drift = grant(world, grant_id).drift
    assert drift is not None
    assert (drift["finding"], bool(drift["repaired_at"])) == (finding, True)
    assert world.look(lambda: len(audited("grant.drift_found"))) == 3
    target.found = Finding.AS_WANTED
    night(world)
    assert grant(world, grant_id).drift is None


def test_what_is_only_to_be_reported_is_not_touched(world: World, target: LookedAt) -> None:
    grant_id = given(world, days=30)
    with world.app.app_context(), transaction() as session:
        settings = GrantTargetSettings(
            name="quickbi", options={ON_DRIFT: REPORT}, updated_at=world.clock.now()
        )
        session.add(settings)
    target.found = Finding.MISSING
    night(world)
    advance(world, grant_id)
    assert target.actions() == ["deliver"]
    assert (grant(world, grant_id).drift or {})["finding"] == "missing"


@pytest.mark.parametrize("finding", [Finding.AS_WANTED, Finding.STILL_THERE])
def test_what_is_still_there_after_the_end_is_taken_away_again(
    world: World, target: LookedAt, finding: Finding
) -> None:
    grant_id = given(world, days=1)
    world.let_pass(days=1)
    advance_to_the_end(world, grant_id)
    target.found = finding
    night(world)
    advance(world, grant_id)
    assert target.actions() == ["deliver", "remove", "remove"]
    assert grant(world, grant_id).state == "expired"
    target.found = Finding.MISSING
    night(world)
    over = grant(world, grant_id)
    assert (over.drift, over.check_at) == (None, None)


def test_what_another_grant_gives_is_left_alone_after_the_end(world: World, target: LookedAt) -> None:
    earlier = given(world, days=1)
    given(world, days=30)
    world.let_pass(days=1)
    advance_to_the_end(world, earlier)
    target.found = Finding.AS_WANTED
    night(world)
    advance(world, earlier)
    assert target.actions() == ["deliver", "deliver", "remove"]


def test_a_target_that_cannot_be_asked_changes_nothing(world: World, target: LookedAt) -> None:
    grant_id = given(world, days=30)
    target.failures = [BUSY]
    night(world)
    after = grant(world, grant_id)
    assert (after.state, after.drift, after.checked_at) == ("active", None, None)
    assert after.check_at is not None
    assert after.check_at - world.clock.now() < timedelta(days=1, hours=4)


def test_somebody_has_their_own_access_looked_at_and_nobody_elses(world: World, target: LookedAt) -> None:
    grant_id = given(world)
    with world.app.app_context():
        looked = world.services.drift_check.look(person_named("bob"), grant_id)
        assert looked.found is not None
        assert looked.found.finding == Finding.AS_WANTED
        with pytest.raises(NotThere):
            world.services.drift_check.look(person_named("dora"), grant_id)
    target.failures = [BUSY]
    with world.app.app_context():
        assert world.services.drift_check.look(person_named("bob"), grant_id).failure is not None


def test_a_look_while_it_is_being_given_is_told_to_wait(world: World, target: LookedAt) -> None:
    grant_id = given(world)
    told: list[str] = []

    def look() -> None:
        with world.app.app_context(), pytest.raises(Problem) as problem:
            world.services.drift_check.look(person_named("bob"), grant_id)
        told.append(problem.value.reason)

    target.while_asked = look
    with world.app.app_context():
        world.services.grant_ends.give_back(actor_named("bob"), person_named("bob"), grant_id)
    advance(world, grant_id)
    assert told == ["grant_busy"]
    assert TargetError(BUSY).failure.kind == "unreachable"


def test_a_grant_that_nobody_began_is_told_to_be_on_its_way(world: World, target: LookedAt) -> None:
    grant_id = int(approved(world) or 0)
    with world.app.app_context():
        looked = world.services.drift_check.look(person_named("bob"), grant_id)
    assert looked.found is not None
    assert looked.found.facts["reason"] == "not_given_yet"
    assert target.orders == []


def advance_to_the_end(world: World, grant_id: int) -> None:
    with world.app.app_context():
        world.services.chores.do("expire_grants")
    advance(world, grant_id)
    assert grant(world, grant_id).state == "expired"


@on_both_engines
def test_what_is_only_reported_is_found_in_the_list_and_given_again_when_somebody_says_so(
    world: World, target: LookedAt
) -> None:
    grant_id = given(world, days=30)
    given(world, resource="orders", days=30)
    with world.app.app_context(), transaction() as session:
        session.add(
            GrantTargetSettings(name="quickbi", options={ON_DRIFT: REPORT}, updated_at=world.clock.now())
        )
    known_people(world, "chen")
    give_role(world, "alice", Role.ORGANIZATION_ADMIN)
    target.held.pop(grant_id)
    night(world)
    assert grant(world, grant_id).due_at is None
    differing = WantedGrants(filters=ListFilters(state=DIFFERING))
    with world.app.app_context():
        found = world.services.grant_search.find(person_named("alice"), differing)
        assert [each.id for each in found.grants] == [grant_id]
        world.services.grant_ends.try_again(actor_named("chen"), person_named("chen"), grant_id)
        assert world.services.grant_search.find(person_named("alice"), differing).grants == []
        with pytest.raises(Problem):
            world.services.grant_ends.try_again(actor_named("chen"), person_named("chen"), grant_id)
    advance(world, grant_id)
    night(world)
    assert (grant(world, grant_id).drift, set(target.held) >= {grant_id}) == (None, True)
