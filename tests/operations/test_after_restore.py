"""A restored database is older than DingTalk: nothing is started twice, and what went on meanwhile is found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.extensions import db
from portal.models import Trial
from portal.services.starting.approval_work import START_LEASE
from tests.operations.restoring import backup_of, restore_in_place
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.grant_story import CountingTarget, advance, approved, grant, known_people, with_target
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    failure_of,
    fault,
    follow,
    instances,
    person_named,
    set_up,
    started,
    state_of,
    try_again,
)

pytestmark = on_both_engines


@pytest.fixture(autouse=True)
def _ready(world: World) -> None:
    """No events: one that comes while the database is replaced would be a process that was not stopped."""
    set_up(world)
    world.subscribe(events=[])


def test_what_was_decided_since_the_backup_is_read_again(world: World, tmp_path: Path) -> None:
    number, instance_id = started(world)
    file = backup_of(world, tmp_path)
    world.act(instance_id, "chen", "agree")
    follow(world, number, "approved")

    restore_in_place(world, file)
    assert world.look(lambda: state_of(number)) == "pending"
    follow(world, number, "approved")
    assert len(instances(world)) == 1


def test_what_was_started_since_the_backup_is_adopted_and_not_started_again(
    world: World, tmp_path: Path
) -> None:
    number = ask(world)
    file = backup_of(world, tmp_path)
    follow(world, number, "pending")
    first = world.look(lambda: approval_of(number).instance_id)

    restore_in_place(world, file)
    assert world.look(lambda: state_of(number)) == "starting"
    follow(world, number, "pending")
    assert world.look(lambda: approval_of(number).instance_id) == first
    assert [each["instance_id"] for each in instances(world)] == [first]


def test_what_was_never_started_can_be_tried_again_under_a_reference_of_its_own(
    world: World, tmp_path: Path
) -> None:
    number = ask(world)
    restore_in_place(world, backup_of(world, tmp_path))
    follow(world, number, "could_not_start")
    assert world.look(lambda: failure_of(number))["kind"] == "not_found_after_unknown"
    assert instances(world) == []

    try_again(world, number)
    follow(world, number, "pending")
    assert world.look(lambda: f"{number}-2" in (approval_of(number).submitted_values or {}).values())
    assert len(instances(world)) == 1


def test_a_start_that_was_under_way_during_the_backup_is_resolved(world: World, tmp_path: Path) -> None:
    fault(world, "reset_after_commit")
    number = ask(world)
    world.work()
    assert world.look(lambda: state_of(number)) == "start_unknown"
    restore_in_place(world, backup_of(world, tmp_path))
    follow(world, number, "pending")
    assert len(instances(world)) == 1


def test_trying_again_never_reuses_a_reference_that_was_used_since_the_backup(
    world: World, tmp_path: Path
) -> None:
    fault(world, "permission_missing")
    number = ask(world)
    follow(world, number, "could_not_start")
    file = backup_of(world, tmp_path)
    try_again(world, number)
    follow(world, number, "pending")

    restore_in_place(world, file)
    try_again(world, number)
    follow(world, number, "pending")
    texts = [text for each in instances(world) for text in each["values"].values()]
    references = [text for text in texts if text.startswith(number)]
    assert len(set(references)) == len(references)


def test_a_test_that_was_to_be_started_is_looked_for_as_well(world: World, tmp_path: Path) -> None:
    with world.app.app_context():
        trial_id = world.services.trials.start(
            actor_named("alice"), person_named("alice"), approver_user_id="chen"
        )
    restore_in_place(world, backup_of(world, tmp_path))
    world.let_pass(seconds=START_LEASE.total_seconds() + 1)
    world.work_until(lambda: db.session.get_one(Trial, trial_id).approval.state == "start_unknown")
    assert instances(world) == []


def test_access_that_was_given_back_since_the_backup_is_given_again_by_people_alone(
    world: World, tmp_path: Path
) -> None:
    known_people(world, "bob", "chen")
    target = with_target(world, CountingTarget())
    grant_id = int(approved(world, days=30) or 0)
    advance(world, grant_id)
    file = backup_of(world, tmp_path)
    with world.app.app_context():
        world.services.grant_ends.give_back(actor_named("bob"), person_named("bob"), grant_id)
    advance(world, grant_id)
    assert target.held == {}

    restore_in_place(world, file)
    for pause in ({"minutes": 5}, {"days": 1}):
        _compare(world, **pause)
        after = grant(world, grant_id)
        assert (after.state, after.due_at, target.held) == ("active", None, {})
        assert after.drift is not None
        assert after.drift["finding"] == "missing"
    with world.app.app_context():
        world.services.grant_ends.try_again(actor_named("chen"), person_named("chen"), grant_id)
    advance(world, grant_id)
    assert set(target.held) == {grant_id}
    _compare(world, days=1)
    assert grant(world, grant_id).drift is None


def test_access_that_is_as_it_was_in_the_backup_is_in_no_doubt(world: World, tmp_path: Path) -> None:
    known_people(world, "bob")
    target = with_target(world, CountingTarget())
    grant_id = int(approved(world, days=30) or 0)
    advance(world, grant_id)
    restore_in_place(world, backup_of(world, tmp_path))
    _compare(world, minutes=5)
    assert grant(world, grant_id).drift is None
    target.held.clear()
    _compare(world, days=1)
    advance(world, grant_id)
    assert set(target.held) == {grant_id}


def _compare(world: World, **pause: int) -> None:
    world.let_pass(**pause)
    with world.app.app_context():
        world.services.chores.plan()
        world.services.chores.do("check_grants")
