"""What nobody decides is passed on, reminded of and ends; whoever decides before that is done has decided."""

from __future__ import annotations

import pytest

from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.requests.access_requests import AccessRequests
from tests.portal_world import World
from tests.services.pending_story import (
    approvals_of,
    go_round,
    in_portal,
    notices,
    pass_days,
    ready,
    request_named,
    set_rules,
    states_of,
    work_on,
)
from tests.services.story import (
    actor_named,
    ask,
    audited,
    fault,
    follow,
    instances,
    person_named,
    started,
    state_of,
    withdraw,
)


def test_what_was_not_started_lapses_at_once(world: World) -> None:
    ready(world, lapses_after_days=5)
    number = ask(world)
    fault(world, "permission_missing")
    follow(world, number, "could_not_start")
    pass_days(world, 4.9)
    assert world.look(lambda: state_of(number)) == "could_not_start"
    pass_days(world, 0.2)
    assert world.look(lambda: (state_of(number), request_named(number).state)) == ("lapsed", "lapsed")
    assert world.look(lambda: len(notices("lapsed"))) == 1
    assert instances(world) == []


def test_what_runs_in_dingtalk_is_ended_there_before_it_lapses(world: World) -> None:
    ready(world, lapses_after_days=5)
    number, _ = started(world)
    pass_days(world, 5.1)
    assert world.look(lambda: state_of(number)) == "pending"
    work_on(world)
    assert world.look(lambda: (state_of(number), request_named(number).state)) == ("lapsed", "lapsed")
    assert [each["status"] for each in instances(world)] == ["TERMINATED"]
    assert world.look(lambda: approvals_of(number)[0].incident) is None
    assert world.look(lambda: audited("incident.contradiction")) == []


def test_a_decision_made_before_the_lapse_is_done_counts(world: World) -> None:
    ready(world, lapses_after_days=5)
    number, instance_id = started(world)
    pass_days(world, 5.1)
    world.act(instance_id, "chen", "agree")
    work_on(world)
    assert world.look(lambda: (state_of(number), request_named(number).state)) == ("approved", "approved")


def test_the_requesters_withdrawal_goes_over_the_portals_own(world: World) -> None:
    ready(world, lapses_after_days=5)
    number, _ = started(world)
    pass_days(world, 5.1)
    withdraw(world, number)
    work_on(world)
    assert world.look(lambda: state_of(number)) == "withdrawn"


def test_a_decision_made_before_it_is_passed_on_counts(world: World) -> None:
    ready(world, escalates_after_days=3)
    number, instance_id = started(world)
    pass_days(world, 3.1)
    world.act(instance_id, "chen", "refuse", remark="no")
    work_on(world)
    assert world.look(lambda: states_of(number)) == ["rejected"]
    assert len(instances(world)) == 1


def test_a_worker_that_died_after_the_withdrawal_passes_on_once(world: World) -> None:
    ready(world, escalates_after_days=3)
    number, instance_id = started(world)
    pass_days(world, 3.1)
    # The call went through, and whoever made it was gone before writing anything down.
    world.act(instance_id, "bob", "withdraw")
    work_on(world)
    go_round(world)
    work_on(world, rounds=3)
    assert world.look(lambda: states_of(number)) == ["escalated", "pending"]
    assert len(instances(world)) == 2


def test_where_nobody_is_left_it_goes_on_waiting_and_everybody_sees_so(world: World) -> None:
    ready(world, escalates_after_days=3, approver_kinds=["data_work_owner"])
    number, _ = started(world)
    pass_days(world, 3.1)
    work_on(world, rounds=2)
    assert world.look(lambda: states_of(number)) == ["pending"]
    assert "Nobody else can be asked" in world.client("bob").get(f"/requests/{number}").text
    # An admin helps, and the next look finds somebody.
    set_rules(world, escalates_after_days=3)
    pass_days(world, 1.1)
    work_on(world)
    assert world.look(lambda: states_of(number)) == ["escalated", "pending"]


def test_in_the_portal_it_is_passed_on_and_lapses_at_once(world: World) -> None:
    number = in_portal(world, escalates_after_days=3, lapses_after_days=5)
    pass_days(world, 3.1)
    assert world.look(lambda: states_of(number)) == ["escalated", "pending"]
    pass_days(world, 2)
    assert world.look(lambda: states_of(number)) == ["escalated", "lapsed"]
    assert world.look(lambda: request_named(number).state) == "lapsed"


def test_the_time_begins_with_the_start_where_that_took_days(world: World) -> None:
    ready(world, escalates_after_days=3)
    number = ask(world)
    fault(world, "permission_missing")
    follow(world, number, "could_not_start")
    pass_days(world, 2)
    with world.app.app_context():
        requests: AccessRequests = world.services.access_requests
        requests.try_again(actor_named("bob"), person_named("bob"), number)
    follow(world, number, "pending")
    pass_days(world, 2)
    assert world.look(lambda: approvals_of(number)[0].withdrawal_requested_at) is None
    pass_days(world, 1.1)
    assert world.look(lambda: approvals_of(number)[0].withdrawal_purpose) == "escalation"


def test_an_approver_is_reminded_once_in_each_quiet_period(world: World) -> None:
    ready(world, nudge_pause_hours=24)
    number, _ = started(world)

    def remind(who: str = "bob") -> None:
        with world.app.app_context():
            world.services.reminders.remind(actor_named(who), person_named(who), number, position=1)

    remind()
    with pytest.raises(Problem) as refused:
        remind()
    assert refused.value.reason == ProblemReason.REMINDED_JUST_NOW
    with pytest.raises(NotThere):
        remind("alice")
    world.let_pass(hours=24.1)
    remind()
    assert world.look(lambda: len(notices("reminder"))) == 2
    work_on(world, rounds=2)
    assert {each.state for each in world.look(lambda: notices("reminder"))} <= {"sent", "arrived"}
    assert world.look(lambda: len(audited("approval.reminded"))) == 2


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        pytest.param("data_work_owner", "pending", marks=pytest.mark.slow),
        ("enterprise_security_administrator", "could_not_start"),
    ],
)
def test_where_the_next_one_is_gone_in_the_moment_it_ends_there_is_an_approver_or_a_visible_problem(
    world: World, kind: str, state: str
) -> None:
    ready(world, escalates_after_days=3)
    number, _ = started(world)
    pass_days(world, 3.1)
    set_rules(world, approver_kinds=[kind])
    work_on(world)
    assert world.look(lambda: states_of(number)) == ["escalated", state]
    assert world.look(lambda: approvals_of(number)[1].approver.user_id) == "chen"
