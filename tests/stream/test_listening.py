"""A portal that DingTalk cannot reach hears everything all the same: by Stream."""

from __future__ import annotations

import json

from portal.channels.failures import OwnFailure
from portal.extensions import db
from portal.models import CallbackTally
from portal.models.callback_event import EventRoad
from portal.services.dingtalk_app import BindingForm
from portal.services.events.stream_connections import ListenerState
from tests.portal_world import AES_KEY, AGENT_ID, APP_KEY, APP_SECRET, CORP_ID, TOKEN, World
from tests.services.story import actor_named, approval_of, ask, fault, instances, set_up, started, state_of
from tests.stream.listening import (
    are_all_delivered,
    choose,
    connections,
    events,
    listener,
    listeners,
    listening,
    push,
    push_by_stream,
    pushed,
    until,
)


def test_a_request_is_approved_without_any_address_that_dingtalk_could_call(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with listening(world):
        number = ask(world)
        world.work_until(lambda: state_of(number) == "pending", seconds=60)
        instance_id = world.look(lambda: approval_of(number).instance_id)
        world.act(instance_id, "chen", "agree", "好")
        until(lambda: are_all_delivered(world, at_least=4))
        world.work_until(lambda: state_of(number) == "approved", seconds=60)
    assert {each.road for each in events(world)} == {"stream"}
    assert world.control("GET", "/state")["subscription"]["url"] == ""
    assert len(instances(world)) == 1


def test_an_event_whose_acknowledgement_was_lost_is_stored_once(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with listening(world):
        fault(world, "lost_ack", "bpms_task_change")
        started(world)
        until(lambda: are_all_delivered(world, at_least=2))
    (again,) = [each for each in pushed(world) if each["note"] == "lost_ack"]
    assert len(again["attempts"]) >= 2
    assert sorted(each.event_type for each in events(world)) == ["bpms_instance_change", "bpms_task_change"]


def test_after_a_planned_end_another_connection_is_there_and_nothing_is_missed(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with listening(world):
        first = connections(world)
        world.control("POST", "/stream/end", {})
        push(world, eventId="meanwhile", CorpId=CORP_ID)
        until(lambda: connections(world) not in ([], first))
        until(lambda: are_all_delivered(world))
        until(lambda: listener(world).reconnects == 1)
    assert [each.event_key for each in events(world)] == ["id:meanwhile"]


def test_a_connection_that_is_cut_is_made_again(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with listening(world):
        first = connections(world)
        world.control("POST", "/stream/end", {"is_planned": False})
        push(world, eventId="after-the-cut", CorpId=CORP_ID)
        until(lambda: connections(world) not in ([], first))
        until(lambda: are_all_delivered(world))
    assert len(events(world)) == 1


def test_two_listeners_share_the_events_and_none_is_stored_twice(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with listening(world, "first", "second"):
        for number in range(8):
            push(world, eventId=f"event-{number}", CorpId=CORP_ID)
        until(lambda: are_all_delivered(world, at_least=8))
        shares = [each["messages"] for each in world.control("GET", "/stream")["connections"]]
    assert min(shares) > 0
    assert {each.event_key for each in events(world)} == {f"id:event-{number}" for number in range(8)}
    assert listeners(world) == (), "they take back their signs of life"


def test_wrong_credentials_are_shown_and_right_ones_are_tried_at_once(world: World) -> None:
    set_up(world)
    bind(world, app_secret="wrong")
    choose(world, EventRoad.STREAM)
    with listening(world, until_connected=False):
        until(lambda: listeners(world) and listener(world).state == ListenerState.WAITING)
        failure = listener(world).failure
        assert failure is not None
        assert (failure.kind, failure.code) == ("credentials_wrong", "authFailed")
        assert "wrong" not in failure.message
        bind(world, app_secret=APP_SECRET)
        until(lambda: listener(world).state == ListenerState.CONNECTED)
    until(lambda: not connections(world))


def test_a_gateway_in_trouble_is_tried_again(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    fault(world, "http_500_before", "openConnection")
    with listening(world):
        assert listener(world).failure is None


def test_while_callbacks_are_chosen_nobody_connects(world: World) -> None:
    set_up(world)
    with listening(world, until_connected=False):
        until(lambda: listeners(world) and listener(world).state == ListenerState.IDLE)
        assert connections(world) == []


def test_the_road_may_be_changed_while_an_approval_runs(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with listening(world):
        number, instance_id = started(world)
        choose(world, EventRoad.CALLBACK)
        until(lambda: listener(world).state == ListenerState.IDLE)
        until(lambda: not connections(world))
        world.subscribe()
        world.act(instance_id, "chen", "agree")
        world.work_until(lambda: state_of(number) == "approved", seconds=60)
    roads = {each.road for each in events(world)}
    assert roads == {"stream", "callback"}


def test_one_event_that_comes_by_both_roads_is_one_event(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    told = {"eventId": "twice", "CorpId": CORP_ID, "processInstanceId": "x", "type": "start", "taskId": 1}
    with listening(world):
        push(world, **told)
        until(lambda: are_all_delivered(world))
        world.subscribe()
        push(world, **told)
        until(lambda: are_all_delivered(world, at_least=2))
    assert [(each.event_key, each.road) for each in events(world)] == [("id:twice", "stream")]


def test_an_event_of_another_organisation_is_refused_and_counted(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    push_by_stream(world, stream_ack_seconds=60)  # each is sent once, and counted once
    with listening(world):
        push(world, eventId="foreign", CorpId="dingsomebodyelse")
        push(world, EventType="", eventId="nothing", CorpId=CORP_ID)
        until(lambda: are_all_delivered(world, at_least=2))
    assert events(world) == []
    counted = world.look(lambda: {each.reason: each.count for each in db.session.query(CallbackTally)})
    assert counted == {"wrong_corp": 1, "bad_message": 1}


def test_used_up_pushes_are_shown_until_the_next_event(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    push_by_stream(world, stream_push_quota_used_up=True)
    with listening(world):
        push(world, eventId="empty", CorpId=CORP_ID)
        until(lambda: listener(world).failure)
        assert listener(world).failure.kind == OwnFailure.PUSHES_USED_UP
        push_by_stream(world, stream_push_quota_used_up=False)
        push(world, eventId="full", CorpId=CORP_ID)
        until(lambda: listener(world).failure is None)
    assert [each.event_key for each in events(world)] == ["id:full"]


def test_unknown_events_are_kept_like_those_of_callbacks(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with listening(world):
        push(world, EventType="user_add_org", eventId="other", CorpId=CORP_ID, userId=["陈"])
        until(lambda: are_all_delivered(world))
    world.work()
    (kept,) = events(world)
    assert (kept.event_type, kept.state) == ("user_add_org", "ignored")
    assert json.loads(kept.payload)["userId"] == ["陈"]


def bind(world: World, **changes: str) -> None:
    with world.app.app_context():
        version = world.services.dingtalk_apps.view().version
        given = {
            "corp_id": CORP_ID,
            "app_key": APP_KEY,
            "agent_id": str(AGENT_ID),
            "app_secret": APP_SECRET,
            "callback_token": TOKEN,
            "callback_aes_key": AES_KEY,
            **changes,
        }
        world.services.dingtalk_apps.save(actor_named("alice"), BindingForm(**given, version=version))
