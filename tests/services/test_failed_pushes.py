"""The failed-push list: what DingTalk could not push is fetched once, kept in one commit, and sorted as an event."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.channels.dingtalk.failed_pushes import (
    EMPTY_PUSH,
    OTHER_ORGANISATION,
    DingTalkFailedPushes,
    MissedEvents,
)
from portal.extensions import db
from portal.models import CallbackEvent
from portal.services.events.failed_pushes import WHILE_ALL_IS_WELL, WHILE_IN_DOUBT, WHILE_NOTHING_IS_OPEN
from portal.services.work.chores import AFTER_REFUSAL, ChoreName
from tests.portal_world import CORP_ID, World
from tests.services.story import approval_of, audited, calls, fault, set_up, started, state_of
from tests.services.story_of_chores import (
    FETCH,
    also_on_postgresql,
    chore,
    counts,
    drain,
    events,
    fail_pushes,
    lose_pushes,
    metered,
    pause_until,
    set_quota,
)

pytestmark = also_on_postgresql
DRAIN = ChoreName.DRAIN_FAILED_PUSHES


def test_an_outcome_whose_pushes_failed_arrives_by_the_list(world: World) -> None:
    set_up(world)
    lose_pushes(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree", "by the list")
    assert fail_pushes(world) > 0
    assert world.look(lambda: (state_of(number), approval_of(number).heard_at)) == ("pending", None)

    drain(world)
    world.work_until(lambda: state_of(number) == "approved")
    with world.app.app_context():
        assert {each.road for each in events()} == {"failed_push_list"}
        assert approval_of(number).heard_at is not None
    assert counts(world)["failed"] == 0


@pytest.mark.parametrize("shape", ["under_tag", "as_text"])
def test_the_event_is_found_wherever_in_its_entry_it_lies(world: World, shape: str) -> None:
    set_up(world)
    lose_pushes(world)
    world.control("PUT", "/settings", {"failed_push_shape": shape})
    number, instance_id = started(world)
    world.act(instance_id, "chen", "refuse")
    fail_pushes(world)
    drain(world)
    world.work_until(lambda: state_of(number) == "rejected")
    assert world.look(lambda: {each.state for each in events()}) == {"applied"}


@pytest.mark.parametrize("has_id", [True, False])
def test_the_same_outcome_by_callback_and_by_the_list_changes_nothing(world: World, has_id: bool) -> None:
    set_up(world)
    number, instance_id = started(world)
    finish = {
        "EventType": "bpms_instance_change",
        "CorpId": CORP_ID,
        "processInstanceId": instance_id,
        "type": "finish",
        "result": "agree",
        "finishTime": 1,
        **({"eventId": "told-twice"} if has_id else {}),
    }
    world.act(instance_id, "chen", "agree")
    world.control("POST", "/events", {"payload": finish})
    world.work_until(lambda: state_of(number) == "approved")
    world.hear_everything()
    world.work_until(lambda: all(each.due_at is None for each in events()))
    told, reads = world.look(lambda: len(events())), calls(world, "getProcessInstance")
    closed_at = world.look(lambda: approval_of(number).closed_at)

    lose_pushes(world)
    world.control("POST", "/events", {"payload": finish})
    assert fail_pushes(world) == 1
    drain(world)
    world.work()
    with world.app.app_context():
        assert len(events()) == told
        assert (approval_of(number).closed_at, approval_of(number).incident) == (closed_at, None)
        assert len(audited("approval.outcome")) == 1
    assert (calls(world, FETCH), calls(world, "getProcessInstance")) == (1, reads)


def test_a_page_is_stored_in_the_order_in_which_callbacks_are_so_that_neither_waits_for_the_other(
    world: World,
) -> None:
    set_up(world)
    lose_pushes(world)
    for key in ("z", "m", "a"):
        payload = {
            "EventType": "bpms_task_change",
            "eventId": key,
            "CorpId": CORP_ID,
            "processInstanceId": key,
        }
        world.control("POST", "/events", {"payload": payload})
    assert fail_pushes(world) == 3
    drain(world)
    stored = world.look(lambda: [each.event_key for each in events()])
    assert stored == ["id:a", "id:m", "id:z"]


@pytest.mark.slow
def test_all_pages_are_taken_one_after_the_other(world: World) -> None:
    set_up(world)
    lose_pushes(world)
    for number in range(203):
        payload = {
            "EventType": "bpms_task_change",
            "eventId": f"by-hand-{number}",
            "CorpId": CORP_ID,
            "processInstanceId": f"instance-{number}",
            "processCode": "PROC-FOREIGN",
            "type": "finish",
        }
        world.control("POST", "/events", {"payload": payload})
    assert fail_pushes(world) == 203
    drain(world)
    assert world.look(lambda: db.session.query(CallbackEvent).count()) == 200
    world.work()
    assert world.look(lambda: db.session.query(CallbackEvent).count()) == 203
    assert calls(world, FETCH) == 2


def test_an_entry_that_tells_nothing_is_parked_as_it_is_and_open_approvals_are_read(world: World) -> None:
    set_up(world)
    lose_pushes(world)
    world.control("PUT", "/settings", {"failed_push_shape": "empty"})
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    fail_pushes(world)
    world.let_pass(hours=7)
    drain(world)
    with world.app.app_context():
        assert {(each.state, each.reason, each.due_at) for each in events()} == {("parked", EMPTY_PUSH, None)}
        assert all('"bpmsCallBackData":{}' in each.payload for each in events())
    world.work()
    assert world.look(lambda: state_of(number)) == "approved"


def test_an_event_of_another_organisation_is_kept_in_sight_and_never_matched(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.hear_everything()
    lose_pushes(world)
    payload = {"EventType": "bpms_instance_change", "CorpId": "dingother", "processInstanceId": instance_id}
    world.control("POST", "/events", {"payload": {**payload, "type": "finish"}})
    assert fail_pushes(world) == 1
    reads = calls(world, "getProcessInstance")
    drain(world)
    world.work()
    with world.app.app_context():
        assert [each.reason for each in events() if each.state == "parked"] == [OTHER_ORGANISATION]
        assert state_of(number) == "pending"
    assert calls(world, "getProcessInstance") == reads


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param("time_out_after_commit", marks=pytest.mark.slow),
        "reset_after_commit",
        "http_500_after_commit",
    ],
)
def test_when_the_answer_is_lost_with_a_page_open_approvals_are_read_instead(world: World, lost: str) -> None:
    set_up(world)
    lose_pushes(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    assert fail_pushes(world) > 0
    world.let_pass(hours=7)
    world.control("PUT", "/settings", {"hold_seconds": 11})
    fault(world, lost, FETCH)
    drain(world)
    assert (counts(world)["failed"], world.look(lambda: len(events()))) == (0, 0)
    assert world.look(lambda: chore(DRAIN).failure["retry"]) == "outcome_unknown"

    drain(world)
    world.work()
    assert world.look(lambda: (state_of(number), chore(DRAIN).failure)) == ("approved", None)


class DyingWorker:
    """Takes a page off the list, and is killed before it is stored."""

    def __init__(self, channel: DingTalkFailedPushes) -> None:
        self._channel = channel

    def take(self) -> MissedEvents:
        assert self._channel.take().events
        raise SystemExit


def test_a_worker_that_dies_between_the_answer_and_the_commit_loses_no_outcome(world: World) -> None:
    set_up(world)
    lose_pushes(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    assert fail_pushes(world) > 0
    with world.app.app_context():
        world.services.chores.plan()
        own = world.services.failed_pushes
        with pytest.raises(SystemExit):
            replace(own, channel=DyingWorker(own.channel)).drain()
    world.let_pass(hours=7)
    drain(world)
    world.work()
    assert world.look(lambda: (state_of(number), counts(world)["failed"])) == ("approved", 0)


def test_a_missing_permission_is_kept_with_its_remedy_and_not_asked_for_endlessly(world: World) -> None:
    set_up(world)
    world.control("PUT", "/permissions", {"qyapi_base": False})
    drain(world)
    with world.app.app_context():
        assert chore(DRAIN).failure["kind"] == "permission_missing"
        assert chore(DRAIN).failure["required_scopes"] == ["qyapi_base"]
    assert pause_until(world, DRAIN) > AFTER_REFUSAL - timedelta(minutes=1)

    world.control("PUT", "/permissions", {"qyapi_base": True})
    drain(world)
    assert world.look(lambda: (chore(DRAIN).failure, chore(DRAIN).done_at is not None)) == (None, True)


def test_the_list_is_read_seldom_when_all_is_well_and_often_when_in_doubt(world: World) -> None:
    set_up(world)
    minute = timedelta(minutes=1)
    drain(world)
    assert pause_until(world, DRAIN) > WHILE_NOTHING_IS_OPEN - minute
    number, _ = started(world)
    world.work_until(lambda: approval_of(number).heard_at is not None)
    world.let_pass(minutes=11)
    drain(world)
    assert WHILE_ALL_IS_WELL - minute < pause_until(world, DRAIN) <= WHILE_ALL_IS_WELL
    world.subscribe(url="http://127.0.0.1:9/nobody")
    started(world)
    world.let_pass(minutes=11)
    drain(world)
    assert pause_until(world, DRAIN) <= WHILE_IN_DOUBT


def test_the_list_is_left_alone_at_seventy_percent_of_the_quota_and_takes_a_tenth_of_it_at_most(
    world: World,
) -> None:
    set_up(world)
    used = metered(world)
    set_quota(world, used * 100 // 70)
    drain(world)
    assert calls(world, FETCH) == 0
    set_quota(world, 50)
    for _ in range(8):
        drain(world)
    assert calls(world, FETCH) == 5
