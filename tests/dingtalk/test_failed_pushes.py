"""The failed-push list is read once, and whatever stands in it comes out as an event or as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.events import parse_event
from portal.dingtalk.failed_pushes import FailedPush
from portal.dingtalk.failures import DingTalkError, FailureClass, Retry
from tests.dingtalk.scripted import ScriptedDingTalk

PATH = "/call_back/get_call_back_failed_result"
TAG = "bpms_instance_change"
BODY = {
    "EventType": TAG,
    "eventId": "e-1",
    "CorpId": "ding0123",
    "processInstanceId": "EC8G",
    "type": "finish",
    "result": "agree",
}


def taken(dingtalk: ScriptedDingTalk, client: DingTalkClient, *entries: Any) -> tuple[FailedPush, ...]:
    dingtalk.answer(PATH, {"errcode": 0, "errmsg": "ok", "has_more": False, "failed_list": list(entries)})
    return client.failed_pushes.take().pushes


def test_the_list_is_fetched_with_the_apps_token_in_the_address(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    assert taken(dingtalk, client) == ()
    (request,) = dingtalk.requests_to(PATH)
    assert (request.method, request.query, request.body) == ("GET", {"access_token": "token-1"}, None)


@pytest.mark.parametrize("has_more", [True, "true", 1])
def test_there_may_be_more(dingtalk: ScriptedDingTalk, client: DingTalkClient, has_more: Any) -> None:
    dingtalk.answer(PATH, {"errcode": 0, "errmsg": "ok", "has_more": has_more, "failed_list": []})
    assert client.failed_pushes.take().has_more


def test_an_answer_without_a_list_is_an_empty_one(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(PATH, {"errcode": 0, "errmsg": "ok"})
    page = client.failed_pushes.take()
    assert (page.pushes, page.has_more) == ((), False)


@pytest.mark.parametrize(
    "told",
    [
        {"corpid": "ding0123", "bpmsCallBackData": BODY},
        {"corpid": "ding0123", "bpmsCallBackData": json.dumps(BODY)},
        {"corpid": "ding0123", **BODY},
        {"corpid": "ding0123", "bpmsCallBackData": {}, **BODY},
        json.dumps({"corpid": "ding0123", **BODY}),
    ],
    ids=["within", "within_as_text", "under_the_tag", "beside_nothing", "as_text"],
)
def test_an_event_is_the_one_that_a_callback_would_have_brought(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, told: Any
) -> None:
    (push,) = taken(dingtalk, client, {"call_back_tag": TAG, "event_time": 1767337999123, TAG: told})
    event, pushed = parse_event(push.message), parse_event(json.dumps(BODY))
    assert (event.dedupe_key, event.instance_id, event.kind, event.result, event.corp_id) == (
        pushed.dedupe_key,
        "EC8G",
        "finish",
        "agree",
        "ding0123",
    )
    assert (push.is_telling, push.event_type) == (True, TAG)


def test_an_event_without_an_id_has_the_key_of_the_same_old_payload(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    old = {"processInstanceId": "EC8G", "type": "finish", "result": "agree"}
    (push,) = taken(dingtalk, client, {"call_back_tag": TAG, "event_time": 1, TAG: {"bpmsCallBackData": old}})
    assert (
        parse_event(push.message).dedupe_key == parse_event(json.dumps({"EventType": TAG, **old})).dedupe_key
    )


@pytest.mark.parametrize(
    "entry",
    ["junk", None, 7, [], {}, {"call_back_tag": TAG}, {"call_back_tag": TAG, TAG: "{bad"}],
    ids=repr,
)
def test_an_entry_of_no_known_shape_is_kept_as_it_is(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, entry: Any
) -> None:
    (push,) = taken(dingtalk, client, entry)
    assert not push.is_telling
    assert push.entry == ("" if entry is None else entry if entry == "junk" else json_of(entry))


@pytest.mark.parametrize(
    ("status", "body"), [(500, {"errcode": -1, "errmsg": "busy"}), (200, {"errcode": 0}), (200, {})]
)
def test_an_answer_that_is_none_leaves_open_what_was_taken_off(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, status: int, body: dict[str, Any]
) -> None:
    dingtalk.answer(PATH, body, status=status)
    with pytest.raises(DingTalkError) as caught:
        client.failed_pushes.take()
    assert caught.value.retry is Retry.OUTCOME_UNKNOWN


def test_a_missing_permission_takes_nothing_off(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    refused = {
        "errcode": 88,
        "sub_code": "60011",
        "sub_msg": "应用尚未开通所需的权限：[qyapi_base]",
        "errmsg": "error",
    }
    dingtalk.answer(PATH, refused)
    with pytest.raises(DingTalkError) as caught:
        client.failed_pushes.take()
    assert (caught.value.failure, caught.value.retry) == (FailureClass.PERMISSION_MISSING, Retry.PERMANENT)
    assert caught.value.required_scopes == ("qyapi_base",)


def json_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
