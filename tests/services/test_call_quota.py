"""DingTalk's monthly quota: every call is counted; once it is used up the queue stops until a probe succeeds."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from portal.channels.dingtalk.call_counting import CallMade
from portal.database import transaction
from portal.extensions import db
from portal.models import ApprovalSettings, DingTalkCallTally
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.work.dingtalk_calls import DEFAULT_QUOTA, next_month
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    audited,
    calls,
    fault,
    instances,
    person_named,
    set_up,
    started,
    state_of,
)
from tests.services.story_of_chores import FETCH, drain, metered, plan, set_quota

pytestmark = on_both_engines
START = "startProcessInstance"


def stopped_until(world: World) -> datetime | None:
    return world.look(lambda: world.services.dingtalk_calls.budget().stopped_until)


def use_up(world: World) -> None:
    world.control("PUT", "/settings", {"monthly_quota": 1})


def started_unheard(world: World) -> tuple[str, str]:
    fault(world, "lost_event", "*", count=50)
    return started(world)


def allow_again(world: World) -> None:
    world.control("PUT", "/settings", {"monthly_quota": 0})


def test_every_counted_call_of_web_and_worker_is_tallied_with_its_result(world: World) -> None:
    set_up(world)
    fault(world, "http_500_before", "getProcessInstance")
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: approval_of(number).failure is not None)
    world.let_pass(minutes=1)
    world.work_until(lambda: state_of(number) == "approved")

    with world.app.app_context():
        tallies = {(each.operation, each.result): each.count for each in db.session.query(DingTalkCallTally)}
        assert world.services.dingtalk_calls.budget().used == metered(world)
    assert tallies["startProcessInstance", "ok"] == 1
    assert tallies["getProcessInstance", "server_trouble"] == 1
    assert tallies["getProcessInstance", "ok"] >= 1
    assert tallies["createOaApprovalTemplate", "ok"] == 1
    assert tallies["getUser", "ok"] >= 2  # counted here, not by DingTalk


def test_calls_at_the_same_moment_are_all_counted(world: World) -> None:
    barrier = threading.Barrier(8)

    def call() -> None:
        with world.app.app_context():
            barrier.wait()
            for _ in range(10):
                world.services.dingtalk_calls.tally(CallMade(operation="forecast", result="ok"))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert world.look(lambda: world.services.dingtalk_calls.budget().used) == 80


def test_a_call_that_never_left_is_not_counted(world: World) -> None:
    with world.app.app_context():
        before = world.services.dingtalk_calls.budget().used
        world.services.dingtalk_calls.tally(CallMade(operation="forecast", result="unreachable"))
        assert world.services.dingtalk_calls.budget().used == before


def test_a_used_up_quota_stops_the_queue_and_touches_no_waiting_request(world: World) -> None:
    set_up(world)
    numbers = [ask(world) for _ in range(3)]
    use_up(world)
    world.work()
    assert stopped_until(world) is not None
    refused = calls(world, START) + calls(world, "forecast")
    later = ask(world)
    for _ in range(5):
        world.let_pass(minutes=11)
        world.work()

    with world.app.app_context():
        assert {state_of(each) for each in (*numbers, later)} == {"submitted"}
        assert approval_of(later).failure is None
        assert {approval_of(each).attempt for each in (*numbers, later)} == {0}
    assert calls(world, START) + calls(world, "forecast") == refused
    assert instances(world) == []


def test_after_an_hour_one_probe_goes_out_and_when_refused_the_queue_stays_stopped(world: World) -> None:
    set_up(world)
    for _ in range(3):
        ask(world)
    use_up(world)
    world.work()
    refused = calls(world, "forecast")
    world.let_pass(minutes=61)
    for _ in range(5):
        world.work()
    assert calls(world, "forecast") == refused + 1
    assert stopped_until(world) > world.clock.now() + timedelta(minutes=58)


def test_a_probe_that_succeeds_lets_everything_go_on_by_itself(world: World) -> None:
    set_up(world)
    numbers = [ask(world) for _ in range(3)]
    use_up(world)
    world.work()
    allow_again(world)
    world.let_pass(minutes=61)
    assert world.work() == 1
    assert stopped_until(world) is None
    world.work_until(lambda: {state_of(each) for each in numbers} == {"pending"})
    assert len(instances(world)) == 3


def test_a_probe_that_dies_on_its_way_is_followed_by_another(world: World) -> None:
    set_up(world)
    number = ask(world)
    use_up(world)
    world.work()
    allow_again(world)
    world.let_pass(minutes=61)
    with world.app.app_context():
        assert world.services.due_work.take(limit=10, hand_over=lambda _session, _due: None) == 1
        assert world.services.due_work.take(limit=10, hand_over=lambda _session, _due: None) == 0
    world.let_pass(seconds=61)
    world.work_until(lambda: state_of(number) == "pending")


def test_the_new_month_lets_the_queue_go_on(world: World) -> None:
    set_up(world)
    calls_of = world.services.dingtalk_calls
    world.clock.ahead = next_month(world.clock.now()) - world.clock.now() - timedelta(minutes=5)
    with world.app.app_context():
        calls_of.tally(CallMade(operation=START, result="quota_exhausted"))
        assert calls_of.budget().stopped_until == next_month(world.clock.now())
    number = ask(world)
    world.work()
    assert world.look(lambda: state_of(number)) == "submitted"
    world.let_pass(minutes=6)
    world.work_until(lambda: state_of(number) == "pending")
    assert world.look(lambda: calls_of.budget().used) <= 2


def test_a_stop_that_nothing_waits_for_ends_by_itself_once_its_hour_is_over(world: World) -> None:
    set_up(world)
    number, instance_id = started_unheard(world)
    fault(world, "quota_exhausted", FETCH)
    drain(world)
    assert stopped_until(world) is not None
    assert world.look(lambda: approval_of(number).due_at) is None
    world.act(instance_id, "chen", "agree")

    world.let_pass(hours=9)
    plan(world)
    world.work_until(lambda: state_of(number) == "approved")
    assert stopped_until(world) is None


def test_once_the_hour_is_over_sync_now_may_be_the_call_that_shows_whether_dingtalk_answers(
    world: World,
) -> None:
    set_up(world)
    number, instance_id = started_unheard(world)
    fault(world, "quota_exhausted", FETCH)
    drain(world)
    world.act(instance_id, "chen", "agree")
    world.let_pass(minutes=61)
    with world.app.app_context():
        world.services.syncing.one(actor_named("bob"), person_named("bob"), number)
    world.work_until(lambda: state_of(number) == "approved")
    assert stopped_until(world) is None


def test_an_admin_can_try_again_now(world: World) -> None:
    set_up(world)
    numbers = [ask(world) for _ in range(3)]
    use_up(world)
    world.work()
    allow_again(world)
    with world.app.app_context():
        world.services.dingtalk_calls.try_again_now(actor_named("alice"))
    world.work_until(lambda: {state_of(each) for each in numbers} == {"pending"})
    with world.app.app_context():
        (entry,) = audited("calls.tried_again")
        assert entry.actor_name == "Alice Zhang 张爱丽"
        world.services.dingtalk_calls.try_again_now(actor_named("alice"))
        assert len(audited("calls.tried_again")) == 1


def test_events_are_still_taken_and_requests_still_submitted_and_withdrawn_while_the_queue_is_stopped(
    world: World,
) -> None:
    set_up(world)
    number, instance_id = started(world)
    use_up(world)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: stopped_until(world) is not None)
    assert world.look(lambda: state_of(number)) == "pending"
    allow_again(world)
    world.let_pass(minutes=62)
    world.work_until(lambda: state_of(number) == "approved")


def test_the_quota_is_set_by_an_admin_with_a_version_check_and_an_audit_entry(world: World) -> None:
    set_up(world)
    settings = world.services.approval_settings
    with world.app.app_context():
        assert settings.current().monthly_call_quota == DEFAULT_QUOTA
        version = settings.current().version
        settings.set_monthly_quota(actor_named("alice"), calls=20_000, version=version)
        with pytest.raises(Problem) as caught:
            settings.set_monthly_quota(actor_named("alice"), calls=1, version=version)
        assert caught.value.reason == ProblemReason.SETTINGS_CHANGED
        for wrong in (None, 0, -1, 10_000_001):
            with pytest.raises(FieldFault):
                settings.set_monthly_quota(actor_named("alice"), calls=wrong, version=version + 1)
        assert settings.current().monthly_call_quota == 20_000
        (entry,) = audited("approval_settings.quota_set")
        assert (entry.before, entry.after) == ({"monthly_call_quota": 5000}, {"monthly_call_quota": 20_000})


def test_a_stop_is_not_a_save_that_another_admin_has_to_look_at(world: World) -> None:
    set_up(world)
    with world.app.app_context():
        version = world.services.approval_settings.current().version
        world.services.dingtalk_calls.tally(CallMade(operation=START, result="quota_exhausted"))
        world.services.approval_settings.set_monthly_quota(actor_named("alice"), calls=6000, version=version)
        with transaction() as session:
            assert session.get_one(ApprovalSettings, 1).calls_stopped_until is not None


def test_the_tally_never_costs_the_answer_of_a_call(world: World) -> None:
    set_up(world)
    set_quota(world, 5000)
    with world.app.app_context(), transaction() as session:
        session.execute(db.text("DROP TABLE portal_dingtalk_call_tally"))
    try:
        number = ask(world)
        world.work_until(lambda: state_of(number) == "pending")
    finally:
        with world.app.app_context(), transaction() as session:
            DingTalkCallTally.__table__.create(session.connection())
