"""A Test of a designed flow fills every node that must be filled with its approver, as far as they may be chosen."""

from __future__ import annotations

from portal.channels.failures import Failure
from portal.extensions import db
from portal.models import Trial
from portal.web.words.failures import failure_words
from tests.portal_world import World
from tests.services.choosing_story import FINANCE, SELECT, design, set_up_flow
from tests.services.story import actor_named, approval_of, ask, follow, instances, person_named, set_up

NOTIFIER = {"name": "抄送人", "rule": "selected_by_initiator", "actor": "notifier", "required": False}


def start(world: World, *, approver: str) -> int:
    with world.app.app_context():
        return world.services.trials.start(
            actor_named("alice"), person_named("alice"), approver_user_id=approver
        )


def state_of(trial_id: int) -> str:
    return db.session.get_one(Trial, trial_id).approval.state


def test_every_required_node_gets_the_approver_of_the_test(world: World) -> None:
    optional = {**SELECT, "name": "会签", "required": False}
    set_up_flow(world, SELECT, {**SELECT, "name": "法务", "range": ["kate", "chen"]}, optional, FINANCE)
    trial_id = start(world, approver="chen")
    world.work_until(lambda: state_of(trial_id) == "pending")
    assert len(instances(world)) == 1


def test_an_approver_who_may_not_be_chosen_is_said_with_who_may(world: World) -> None:
    set_up_flow(world, {**SELECT, "range": ["kate", "dora"]}, FINANCE)
    trial_id = start(world, approver="chen")
    world.work_until(lambda: state_of(trial_id) == "could_not_start")
    with world.app.app_context(), world.app.test_request_context():
        failure = Failure.from_json(db.session.get_one(Trial, trial_id).approval.failure or {})
        assert failure.kind == "not_a_candidate"
        words = failure_words(failure)
        assert "“审批人” allows only these people: Kate Xu 徐凯, Dora Wu 吴朵." in words.reason
    assert instances(world) == []


def test_copies_that_need_nobody_are_left_alone(world: World) -> None:
    set_up(world)
    design(world, SELECT, NOTIFIER)
    number = ask(world)
    follow(world, number, "pending")
    assert world.look(lambda: approval_of(number).approver.user_id) == "chen"
