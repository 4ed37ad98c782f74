"""Who has a say may look at a request and finds it among what waits for them; nobody else ever does."""

from __future__ import annotations

import pytest

from portal.extensions import db
from portal.services.faults import NotThere
from portal.services.outcomes.deciders import ExpectedDecider, expect
from portal.services.requests.request_search import Whose
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.oa_story import (
    CHEN,
    DORA,
    IRIS,
    KATE,
    act,
    asked_until,
    list_of,
    may_see,
    set_up_running,
    told,
)
from tests.services.story import (
    actor_named,
    approval_of,
    calls,
    follow,
    person_named,
    set_up,
    started,
    state_of,
)

pytestmark = on_both_engines

READ = "getProcessInstance"


@pytest.fixture
def running(world: World) -> tuple[World, str, str]:
    return set_up_running(world)


def test_a_countersigner_asked_first_is_waited_for_then_the_asker_again(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    assert not may_see(world, "dora", number)
    act(world, instance_id, "chen", "countersign_before", to=["dora"], remark="is this right?")
    asked_until(world, number, dora="waiting", chen="expected")
    assert may_see(world, "dora", number)
    assert list_of(world, "dora", Whose.TO_DECIDE) == [number]
    assert list_of(world, "chen", Whose.TO_DECIDE) == []

    act(world, instance_id, "dora", "agree")
    asked_until(world, number, dora="done", chen="waiting")
    assert world.look(lambda: state_of(number)) == "pending"
    assert list_of(world, "chen", Whose.TO_DECIDE) == [number]
    assert list_of(world, "dora", Whose.TO_DECIDE) == []
    assert list_of(world, "dora", Whose.DECIDED) == [number]

    act(world, instance_id, "chen", "agree")
    follow(world, number, "approved")
    assert world.look(lambda: told(number))[1:] == [
        ("countersign_before", CHEN, (DORA,)),
        ("agreed", DORA, ()),
        ("agreed", CHEN, ()),
    ]
    assert may_see(world, "dora", number)


def test_whoever_handed_over_sees_it_still_and_is_no_longer_asked(running: tuple[World, str, str]) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "redirect", to="iris")
    act(world, instance_id, "iris", "redirect", to="kate")
    asked_until(world, number, chen="done", iris="done", kate="waiting")
    assert world.look(lambda: told(number))[1:] == [
        ("handed_over", CHEN, (IRIS,)),
        ("handed_over", IRIS, (KATE,)),
    ]
    for person in ("chen", "iris"):
        assert may_see(world, person, number)
        assert list_of(world, person, Whose.TO_DECIDE) == []
    assert list_of(world, "kate", Whose.TO_DECIDE) == [number]

    with world.app.app_context():
        requests = world.services.access_requests
        for person in ("iris", "kate"):
            with pytest.raises(NotThere):
                requests.withdraw(actor_named(person), person_named(person), number)


def test_a_copy_a_comment_and_a_name_from_elsewhere_show_nobody_the_request(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "dora", "comment", remark="I only comment")
    act(world, instance_id, "chen", "comment", remark="go on")
    act(world, instance_id, "chen", "redirect", to="iris")
    asked_until(world, number, iris="waiting")
    world.client("dora")
    assert not may_see(world, "dora", number)
    assert list_of(world, "dora", Whose.TO_DECIDE) == list_of(world, "dora", Whose.DECIDED) == []

    iris = world.client("iris")
    assert iris.get(f"/requests/{number}").status_code == 200
    with world.app.app_context():
        person_named("iris").corp_id = "another-organisation"
        db.session.commit()
    assert iris.get(f"/requests/{number}").status_code in (303, 404)
    assert list_of(world, "iris", Whose.TO_DECIDE) == list_of(world, "iris", Whose.DECIDED) == []


def test_whoever_is_expected_may_look_before_their_turn_and_nobody_once_they_are_not(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    for person in ("kate", "iris"):
        world.client(person)
    expect_people(world, number, "kate")
    assert may_see(world, "kate", number)
    assert list_of(world, "kate", Whose.TO_DECIDE) == []
    expect_people(world, number, "iris", "V00_1")
    assert may_see(world, "iris", number)
    assert not may_see(world, "kate", number)


def expect_people(world: World, number: str, *user_ids: str) -> None:
    with world.app.app_context():
        approval = approval_of(number)
        expect(db.session(), approval, [ExpectedDecider(user_id=each, name=each) for each in user_ids])
        db.session.commit()


def test_an_approver_finds_what_waits_for_them_before_anything_was_read(
    running: tuple[World, str, str],
) -> None:
    world, number, _ = running
    world.client("chen")
    world.work_until(lambda: approval_of(number).heard_at is not None)
    assert calls(world, READ) == 0
    assert list_of(world, "chen", Whose.TO_DECIDE) == [number]
