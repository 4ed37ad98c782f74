"""Events: both generations of payloads, one key for each however often it comes, and nothing that breaks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.dingtalk.events import EventShapeError, parse_event

# The first use of text() on a machine builds its table of characters, which takes seconds.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FINISH: dict[str, Any] = {
    "EventType": "bpms_instance_change",
    "EventTime": 1767337999123,
    "CorpId": "ding0123",
    "BizId": "1767337999123",
    "eventId": "c7c7120f2c0741",
    "processInstanceId": "EC8G",
    "processCode": "PROC-8F0D",
    "businessId": "202601021504000123456",
    "title": "张三提交的Access request",
    "type": "finish",
    "result": "agree",
    "createTime": 1767337440000,
    "finishTime": 1767337999000,
    "staffId": "bob",
    "bizCategoryId": "",
    "businessType": "",
    "url": "https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm?procInstId=EC8G#approval",
}
TASK: dict[str, Any] = {
    "EventType": "bpms_task_change",
    "processInstanceId": "EC8G",
    "corpId": "ding0123",
    "type": "finish",
    "result": "redirect",
    "remark": "",
    "taskId": 87654321001,
    "finishTime": 1767337900000,
    "staffId": "chen",
}


def parsed(payload: Any) -> Any:
    return parse_event(json.dumps(payload, ensure_ascii=False))


def test_an_instance_event_is_read() -> None:
    event = parsed(FINISH)
    assert (event.event_type, event.event_id, event.corp_id) == (
        "bpms_instance_change",
        "c7c7120f2c0741",
        "ding0123",
    )
    assert (event.instance_id, event.process_code) == ("EC8G", "PROC-8F0D")
    assert (event.kind, event.result, event.staff_id, event.task_id) == ("finish", "agree", "bob", None)
    assert event.url == FINISH["url"]
    assert event.born_at == datetime(2026, 1, 2, 7, 13, 19, 123000, tzinfo=UTC)
    assert event.finished_at == datetime(2026, 1, 2, 7, 13, 19, tzinfo=UTC)
    assert event.dedupe_key == "id:c7c7120f2c0741"


def test_a_task_event_of_the_old_kind_is_read() -> None:
    event = parsed(TASK)
    assert (event.event_id, event.corp_id, event.task_id) == (None, "ding0123", "87654321001")
    assert (event.kind, event.result, event.staff_id, event.born_at) == ("finish", "redirect", "chen", None)


def test_a_url_check_is_read() -> None:
    event = parsed({"EventType": "check_url"})
    assert (event.event_type, event.instance_id, event.kind) == ("check_url", None, None)


@pytest.mark.parametrize(
    "payload",
    [
        {"eventType": "x", "CORPID": "ding0123"},
        {"EventType": "x", "CorpId": "ding0123", "corpId": ""},
        {"EventType": "x", "corpId": "", "CorpId": "ding0123"},
    ],
    ids=str,
)
def test_keys_are_read_in_any_case(payload: dict[str, str]) -> None:
    event = parsed(payload)
    assert (event.event_type, event.corp_id) == ("x", "ding0123")


def test_numbers_may_be_text_and_text_numbers() -> None:
    event = parsed(
        {**FINISH, "EventTime": "1767337999123", "taskId": "87", "staffId": 12, "finishTime": "soon"}
    )
    assert (event.task_id, event.staff_id, event.finished_at) == ("87", "12", None)
    assert event.born_at == datetime(2026, 1, 2, 7, 13, 19, 123000, tzinfo=UTC)


@pytest.mark.parametrize("time", [10**30, -(10**30), "9" * 5000, True, [1], {}, 1.5, None], ids=repr)
def test_an_absurd_time_is_no_time(time: Any) -> None:
    assert parsed({**FINISH, "finishTime": time}).finished_at is None


@pytest.mark.parametrize(
    "message",
    [
        "",
        "success",
        "[]",
        "null",
        "7",
        '"x"',
        "{}",
        '{"EventType": ""}',
        '{"EventType": null}',
        '{"type": "start"}',
        '{"EventType": "x"',
        "[" * 100_000,
    ],
    ids=lambda message: message[:20],
)
def test_what_is_not_an_event_is_refused(message: str) -> None:
    with pytest.raises(EventShapeError):
        parse_event(message)


def test_text_that_no_database_can_store_is_mended() -> None:
    event = parse_event(
        '{"EventType": "x\\ud800y\\u0000", "eventId": "\\udfff", "processInstanceId": "a\\u0000b"}'
    )
    for text in (event.event_type, event.event_id, event.instance_id, event.dedupe_key):
        assert text is not None
        assert "\x00" not in text
        text.encode()


def test_a_link_that_is_no_web_address_is_dropped() -> None:
    assert parsed({**FINISH, "url": "javascript://%0aalert(1)"}).url is None


def test_the_same_event_has_the_same_key_in_any_key_order() -> None:
    turned = dict(reversed(list(TASK.items())))
    assert parsed(TASK).dedupe_key == parsed(turned).dedupe_key
    assert parsed(TASK).dedupe_key == parsed({**TASK, "taskId": "87654321001", "title": "more"}).dedupe_key


@pytest.mark.parametrize(
    "change",
    [
        {"EventType": "bpms_instance_change"},
        {"processInstanceId": "other"},
        {"taskId": 2},
        {"type": "start"},
        {"result": "agree"},
        {"finishTime": 1},
    ],
    ids=str,
)
def test_different_events_have_different_keys(change: dict[str, Any]) -> None:
    assert parsed(TASK).dedupe_key != parsed({**TASK, **change}).dedupe_key


def test_fields_do_not_run_into_each_other_in_a_key() -> None:
    one, other = {**TASK, "type": "a", "result": "bc"}, {**TASK, "type": "ab", "result": "c"}
    assert parsed(one).dedupe_key != parsed(other).dedupe_key


def test_events_about_no_instance_are_kept_apart_too() -> None:
    one = {"EventType": "user_add_org", "UserId": ["a"]}
    assert parsed(one).dedupe_key == parsed(one).dedupe_key
    assert parsed(one).dedupe_key != parsed({**one, "UserId": ["b"]}).dedupe_key


def test_an_event_id_never_collides_with_a_made_up_key() -> None:
    made_up = parsed(TASK).dedupe_key
    assert parsed({**TASK, "eventId": made_up}).dedupe_key != made_up


KEYS = [*sorted(FINISH), "taskId", "corpId", "更多"]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@UNHURRIED
@given(payload=st.dictionaries(st.sampled_from(KEYS), values, max_size=12))
def test_whatever_arrives_is_read_or_refused_and_storable(payload: dict[str, Any]) -> None:
    try:
        event = parse_event(json.dumps(payload))
    except EventShapeError:
        return
    assert event.event_type
    assert len(event.dedupe_key) <= 80
    for value in vars(event).values():
        str(value).encode()
