"""Every event that DingTalk sends is kept once and accounted for, in whatever shape, number and order it comes."""

from __future__ import annotations

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.dingtalk.events import parse_event
from portal.extensions import db
from portal.models import CallbackEvent
from portal.services.events.event_inbox import RETRY_PAUSES
from tests.portal_world import CORP_ID, World
from tests.services.engines import on_both_engines
from tests.services.story import approval_of, ask, calls, fault, set_up, started, state_of
from tests.web.callbacks.calling import event, post_event, stored

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TELLING = ("EventType", "processInstanceId", "taskId", "type", "result", "finishTime")
OLD: dict[str, Any] = {
    "processInstanceId": "an-instance",
    "finishTime": 1763800000000,
    "EventType": "bpms_task_change",
    "corpId": CORP_ID,
    "type": "finish",
    "result": "agree",
    "taskId": 87654321001,
    "staffId": "chen",
}


def old_payload(**changes: Any) -> dict[str, Any]:
    return {**OLD, **changes}


def key_of(payload: dict[str, Any]) -> str:
    return parse_event(json.dumps(payload)).dedupe_key


values = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers(), max_size=3)
)
payloads = st.fixed_dictionaries(
    {}, optional=dict.fromkeys((*TELLING, "staffId", "title", "remark"), values)
).map(lambda changes: old_payload(**changes))


@UNHURRIED
@given(one=payloads, other=payloads)
def test_payloads_without_an_id_are_the_same_event_just_when_all_that_tells_is_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    if any(not each.get("EventType") or not each.get("processInstanceId") for each in (one, other)):
        return
    is_same = all(_as_text(one.get(name)) == _as_text(other.get(name)) for name in TELLING)
    assert (key_of(one) == key_of(other)) is is_same


def _as_text(value: Any) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "" if value is None else shown.encode("utf-8", "replace").decode().replace("\x00", "")


@UNHURRIED
@given(payload=payloads, seed=st.integers())
def test_the_order_of_its_fields_and_what_else_it_holds_change_no_key(
    payload: dict[str, Any], seed: int
) -> None:
    if not payload.get("EventType") or not payload.get("processInstanceId"):
        return
    fields = [*payload.items(), ("businessId", "2026"), ("更多", [1])]
    random.Random(seed).shuffle(fields)  # noqa: S311
    assert key_of(dict(fields)) == key_of(payload)


@on_both_engines
def test_an_event_that_comes_many_times_at_once_is_kept_once(world: World) -> None:
    messages = [event(eventId=f"event-{number}") for number in range(8)] + [old_payload()]
    deliveries = messages * 4
    random.Random(7).shuffle(deliveries)  # noqa: S311
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda message: post_event(world, message), deliveries))
    assert {answer.status_code for answer in answers} == {200}
    kept = [row.event_key for row in stored(world)]
    assert len(kept) == len(set(kept)) == len(messages)


@on_both_engines
def test_an_old_payload_comes_again_in_another_order_and_is_still_the_same(world: World) -> None:
    again = [
        old_payload(),
        dict(reversed(list(OLD.items()))),
        old_payload(taskId="87654321001", finishTime="1763800000000"),
        old_payload(remark="说得好 👍🏽", url=None),
        {name.lower(): value for name, value in OLD.items()},
    ]
    for message in again:
        assert post_event(world, message).status_code == 200
    assert len(stored(world)) == 1
    for different in (old_payload(result="refuse"), old_payload(taskId=1), old_payload(finishTime=1)):
        assert post_event(world, different).status_code == 200
    assert len(stored(world)) == 4


ODD: dict[str, Any] = {
    "numbers as text": {"EventTime": "1763800000000", "finishTime": "1763800000000", "taskId": "7"},
    "text as numbers": {"eventId": 7, "processInstanceId": 8, "processCode": 9, "type": 10, "staffId": 11},
    "nulls": {"processInstanceId": None, "processCode": None, "type": None, "result": None},
    "truths": {"processInstanceId": True, "processCode": False, "type": True},
    "nested": {"processInstanceId": {"a": [1, {"b": None}]}, "processCode": [[]], "type": {"x": 1}},
    "long": {"processInstanceId": "x" * 5000, "processCode": "y" * 5000, "type": "z" * 5000},
    "a long event type": {"EventType": "t" * 5000},
    "a long event id": {"eventId": "e" * 5000},
    "emoji": {"eventId": "👩‍💻", "processInstanceId": "🎉" * 200, "type": "✅", "remark": "👍🏽" * 1000},
    "nul": {"eventId": "a\x00b", "processInstanceId": "c\x00d", "type": "\x00", "remark": "\x00" * 50},
    "half a character": {"eventId": "\ud800", "processInstanceId": "\udfff", "remark": "\ud83d"},
    "nothing but nul": {"eventId": "\x00", "processInstanceId": "\x00", "EventType": "x\x00"},
    "large": {"remark": "长" * 60_000},
    "absurd numbers": {"finishTime": 10**400, "EventTime": -(10**400), "taskId": 1e308},
    "not numbers": {"finishTime": float("nan"), "taskId": float("inf")},
}


@on_both_engines
@pytest.mark.parametrize("case", ODD)
def test_an_odd_payload_is_kept_once_whole_and_sorted_and_never_asked_for_again_and_again(
    world: World, case: str
) -> None:
    message = event(**ODD[case])
    sent = json.dumps(message, ensure_ascii=case not in ("emoji", "large"))
    answers = [post_event(world, sent).status_code for _ in range(2)]
    assert answers == [200, 200]
    (row,) = stored(world)
    assert row.payload == sent
    world.work()
    (row,) = stored(world)
    assert row.state in ("received", "ignored")
    assert not (row.reason or "").startswith("broken")


@on_both_engines
def test_however_deep_a_payload_is_nested_the_answer_is_no_error_of_ours(world: World) -> None:
    for depth in (*range(940, 1000, 4), 5000, 60_000):
        sent = json.dumps(event(processInstanceId=0)).replace(
            '"processInstanceId": 0', '"processInstanceId": ' + "[" * depth + "]" * depth
        )
        assert post_event(world, sent).status_code in (200, 400), depth


@on_both_engines
def test_a_bare_nul_is_no_json_and_says_so_once(world: World) -> None:
    sent = json.dumps(event()).replace("unknown-instance", "unknown\x00instance")
    answer = post_event(world, sent)
    assert (answer.status_code, answer.json()) == (400, {"error": "bad_message"})
    assert stored(world) == []


@on_both_engines
@pytest.mark.parametrize("seed", range(2))
def test_events_in_any_order_come_to_the_same_end(world: World, seed: int) -> None:
    set_up(world)
    number, instance_id = started(world)
    about = {"processInstanceId": instance_id, "processCode": approval_process_code(world, number)}
    told = [
        event(**about, type="start"),
        event(**about, type="start", EventType="bpms_task_change", taskId=1),
        event(**about, type="finish", result="agree", EventType="bpms_task_change", taskId=1),
        event(**about, type="finish", result="agree"),
        event(**about, type="comment", EventType="bpms_task_change"),
        event(**about, type="a type of later"),
    ]
    told += told[::2]
    random.Random(seed).shuffle(told)  # noqa: S311
    world.act(instance_id, "chen", "agree")
    for message in told:
        assert post_event(world, message).status_code == 200
        world.work()
    world.hear_everything()
    world.work_until(lambda: state_of(number) == "approved", seconds=30)
    world.work_until(
        lambda: db.session.query(CallbackEvent).filter(CallbackEvent.settled_at.is_(None)).count() == 0,
        seconds=30,
    )
    assert {row.state for row in stored(world)} == {"applied"}


def approval_process_code(world: World, number: str) -> str:
    return str(world.look(lambda: approval_of(number).template.process_code))


@on_both_engines
def test_events_of_every_kind_are_all_accounted_for(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.hear_everything()
    ours = approval_process_code(world, number)
    for message in (
        event(eventId="ours", processInstanceId=instance_id, processCode=ours, type="comment"),
        event(eventId="stranger", processInstanceId="by-hand", processCode=ours, type="finish"),
        event(eventId="no-code", processInstanceId="old-one", processCode=None, type="finish"),
        event(eventId="foreign", processInstanceId="theirs", processCode="PROC-THEIRS"),
        event(eventId="no-instance", processInstanceId=None),
        event(eventId="other-type", EventType="org_dept_create"),
    ):
        assert post_event(world, message).status_code == 200
    for pause in (*RETRY_PAUSES, *RETRY_PAUSES):
        world.work()
        world.let_pass(seconds=pause.total_seconds() + 1)
    world.work()
    with world.app.app_context():
        made = db.session.query(CallbackEvent).filter(CallbackEvent.event_key.startswith("id:"))
        states = {row.event_key[3:]: row.state for row in made}
    assert states["ours"] == "applied"
    assert (states["foreign"], states["no-instance"], states["other-type"]) == ("ignored",) * 3
    assert {states["stranger"], states["no-code"]} <= {"parked", "ignored"}
    assert Counter(states.values())["received"] == 0
    assert world.look(lambda: state_of(number)) == "pending"


@on_both_engines
def test_an_event_that_comes_while_its_start_is_unknown_is_applied_once_the_instance_is_found(
    world: World,
) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "http_500_after_commit")
    world.work()
    world.work_until(lambda: state_of(number) == "pending", seconds=30)
    for pause in RETRY_PAUSES[:3]:
        world.let_pass(seconds=pause.total_seconds() + 0.1)
        world.work()
    with world.app.app_context():
        events = db.session.query(CallbackEvent).all()
        assert events
        assert {(row.state, row.approval_id) for row in events} == {("applied", approval_of(number).id)}
    assert calls(world, "startProcessInstance") == 1
