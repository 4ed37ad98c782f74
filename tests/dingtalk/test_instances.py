"""Process instances: what is sent, what is understood, and that an approval is never read out of a doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.failures import DingTalkError, FailureClass, Retry
from portal.dingtalk.instances import (
    FieldValue,
    InstanceResult,
    InstanceStatus,
    SelectedActioners,
    StartInstance,
)
from tests.dingtalk.scripted import ScriptedDingTalk

INSTANCES = "/v1.0/workflow/processInstances"
IDS = "/v1.0/workflow/processes/instanceIds/query"
VALUES = (FieldValue("门户单号", "REQ-2026-000123"), FieldValue("备注", ""))
DETAIL: dict[str, Any] = {
    "title": "张三提交的Access request",
    "businessId": "202601021504000123456",
    "createTime": "2026-01-02T07:04Z",
    "finishTime": "2026-01-02T08:10Z",
    "originatorUserId": "bob",
    "status": "COMPLETED",
    "result": "agree",
    "bizAction": "NONE",
    "operationRecords": [
        {"userId": "bob", "date": "2026-01-02T07:04Z", "type": "START_PROCESS_INSTANCE", "result": "NONE"},
        {
            "userId": "chen",
            "date": "2026-01-02T08:10Z",
            "type": "EXECUTE_TASK_NORMAL",
            "result": "AGREE",
            "remark": "ok",
            "activityId": "1918_5cd3",
            "showName": "审批人",
        },
    ],
    "tasks": [
        {
            "taskId": 87654321001,
            "userId": "chen",
            "status": "COMPLETED",
            "result": "AGREE",
            "activityId": "1918_5cd3",
            "createTime": "2026-01-02T07:04Z",
            "finishTime": "2026-01-02T08:10Z",
            "mobileUrl": "aflow.dingtalk.com?procInsId=EC8G",
            "pcUrl": "https://aflow.dingtalk.com?procInsId=EC8G",
        }
    ],
    "formComponentValues": [
        {"id": "TextField-number", "name": "门户单号", "value": "REQ-2026-000123"},
        {"id": "TextareaField-why", "name": "原因"},
    ],
}


def start(**more: Any) -> StartInstance:
    return StartInstance(
        process_code="PROC-1", originator_user_id="bob", department_id=143412015, values=VALUES, **more
    )


def started_with(dingtalk: ScriptedDingTalk, client: DingTalkClient, what: StartInstance) -> dict[str, Any]:
    dingtalk.answer(INSTANCES, {"instanceId": "EC8G"})
    assert client.instances.start(what) == "EC8G"
    body: dict[str, Any] = dingtalk.requests_to(INSTANCES)[-1].body
    return body


def test_an_instance_with_the_templates_flow_and_chosen_people(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    chosen = SelectedActioners(actor_key="manual_1918", user_ids=("chen", "dora"))
    assert started_with(dingtalk, client, start(selected=(chosen,))) == {
        "processCode": "PROC-1",
        "originatorUserId": "bob",
        "deptId": 143412015,
        "microappAgentId": 1234567890,
        "formComponentValues": [
            {"name": "门户单号", "value": "REQ-2026-000123"},
            {"name": "备注", "value": ""},
        ],
        "targetSelectActioners": [{"actionerKey": "manual_1918", "actionerUserIds": ["chen", "dora"]}],
    }


@pytest.mark.parametrize(
    ("people", "action_type"), [(("chen",), "NONE"), (("chen", "dora"), "AND"), (("a", "b", "c"), "AND")]
)
def test_approvers_of_our_own_choice_replace_the_flow(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, people: tuple[str, ...], action_type: str
) -> None:
    body = started_with(dingtalk, client, start(approver_user_ids=people))
    assert body["approvers"] == [{"actionType": action_type, "userIds": list(people)}]
    assert "targetSelectActioners" not in body


def test_the_agent_id_of_the_call_wins_over_the_apps(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    assert started_with(dingtalk, client, start(agent_id=7))["microappAgentId"] == 7


def test_an_app_without_agent_id_sends_none(dingtalk: ScriptedDingTalk, make_client: Any) -> None:
    assert "microappAgentId" not in started_with(dingtalk, make_client(dingtalk.url, agent_id=None), start())


def test_a_started_instance_is_read(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(INSTANCES, {"success": "true", "result": DETAIL})
    detail = client.instances.read("EC8G")
    assert dingtalk.requests_to(INSTANCES)[0].query == {"processInstanceId": "EC8G"}
    assert (detail.status, detail.result) == (InstanceStatus.COMPLETED, InstanceResult.AGREE)
    assert (detail.title, detail.business_id) == ("张三提交的Access request", "202601021504000123456")
    assert (detail.originator_user_id, detail.biz_action) == ("bob", "NONE")
    assert (detail.created_at_text, detail.finished_at_text) == ("2026-01-02T07:04Z", "2026-01-02T08:10Z")
    assert detail.values == {"门户单号": "REQ-2026-000123", "原因": ""}
    decision = detail.records[1]
    assert (decision.user_id, decision.kind, decision.result, decision.remark) == (
        *("chen", "EXECUTE_TASK_NORMAL", "AGREE", "ok"),
    )
    assert decision.at == datetime(2026, 1, 2, 8, 10, tzinfo=UTC)
    (task,) = detail.tasks
    assert (task.task_id, task.user_id, task.status, task.result) == (
        "87654321001",
        "chen",
        "COMPLETED",
        "AGREE",
    )
    assert task.mobile_url == "https://aflow.dingtalk.com?procInsId=EC8G"
    assert task.pc_url == "https://aflow.dingtalk.com?procInsId=EC8G"


@pytest.mark.parametrize(
    ("status", "result", "expected"),
    [
        ("COMPLETED", "agree", (InstanceStatus.COMPLETED, InstanceResult.AGREE)),
        ("COMPLETED", "AGREE", (InstanceStatus.COMPLETED, InstanceResult.AGREE)),
        ("COMPLETED", "refuse", (InstanceStatus.COMPLETED, InstanceResult.REFUSE)),
        ("COMPLETED", "", (InstanceStatus.COMPLETED, InstanceResult.NONE)),
        ("COMPLETED", None, (InstanceStatus.COMPLETED, InstanceResult.NONE)),
        ("COMPLETED", "redirect", (InstanceStatus.COMPLETED, InstanceResult.NONE)),
        ("RUNNING", None, (InstanceStatus.RUNNING, InstanceResult.NONE)),
        ("TERMINATED", "", (InstanceStatus.TERMINATED, InstanceResult.NONE)),
        ("NEW", "agree", (InstanceStatus.UNKNOWN, InstanceResult.AGREE)),
        ("CANCELED", None, (InstanceStatus.UNKNOWN, InstanceResult.NONE)),
        (None, None, (InstanceStatus.UNKNOWN, InstanceResult.NONE)),
        (7, ["agree"], (InstanceStatus.UNKNOWN, InstanceResult.NONE)),
    ],
)
def test_only_what_says_completed_and_agree_reads_so(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, status: Any, result: Any, expected: Any
) -> None:
    dingtalk.answer(INSTANCES, {"success": True, "result": {**DETAIL, "status": status, "result": result}})
    detail = client.instances.read("EC8G")
    assert (detail.status, detail.result) == expected


@pytest.mark.parametrize("key", ["operationRecords", "tasks", "formComponentValues"])
@pytest.mark.parametrize("value", [None, "", [], [None, 3, "x"], {}], ids=str)
def test_a_detail_with_holes_is_read_all_the_same(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, key: str, value: Any
) -> None:
    dingtalk.answer(INSTANCES, {"success": "true", "result": {**DETAIL, key: value}})
    detail = client.instances.read("EC8G")
    holes = {"operationRecords": detail.records, "tasks": detail.tasks, "formComponentValues": detail.values}
    assert len(holes[key]) == 0


def test_odd_times_and_links_are_dropped_rather_than_trusted(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    task = {
        "taskId": "1",
        "createTime": "yesterday",
        "finishTime": 5,
        "mobileUrl": "javascript://%0aalert(1)",
    }
    record = {"date": "2026-01-02T07:04:05+08:00"}
    dingtalk.answer(
        INSTANCES, {"success": "true", "result": {**DETAIL, "tasks": [task], "operationRecords": [record]}}
    )
    detail = client.instances.read("EC8G")
    assert (detail.tasks[0].created_at, detail.tasks[0].finished_at) == (None, None)
    assert (detail.tasks[0].mobile_url, detail.tasks[0].pc_url) == (None, None)
    assert detail.records[0].at == datetime(2026, 1, 1, 23, 4, 5, tzinfo=UTC)


def test_text_that_no_database_can_store_is_mended(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(INSTANCES, {"success": "true", "result": {**DETAIL, "title": "a\x00b"}})
    assert client.instances.read("EC8G").title == "ab"


@pytest.mark.parametrize("code", ["processInstanceNotExist", "processInstanceIdError"])
def test_an_instance_that_is_not_found_may_yet_turn_up(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, code: str
) -> None:
    dingtalk.answer(INSTANCES, {"code": code, "message": "x"}, status=400)
    with pytest.raises(DingTalkError) as caught:
        client.instances.read("EC8G")
    assert (caught.value.operation, caught.value.failure) == (
        "getProcessInstance",
        FailureClass.INSTANCE_GONE,
    )
    assert caught.value.retry is Retry.RETRYABLE


def test_ids_are_walked_page_by_page(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    for ids, token in ((["a", "b"], "20"), (["c"], "40"), (["d"], "")):
        dingtalk.answer(IDS, {"result": {"list": ids, "nextToken": token}, "success": True})
    after = datetime(2026, 1, 2, 15, 4, tzinfo=timezone(timedelta(hours=8)))
    found = client.instances.list_ids(
        process_code="PROC-1",
        started_after=after,
        started_before=after + timedelta(minutes=5),
        user_ids=["bob"],
        statuses=["RUNNING"],
    )
    assert list(found) == ["a", "b", "c", "d"]
    first = {
        "processCode": "PROC-1",
        "startTime": 1767337440000,
        "endTime": 1767337740000,
        "maxResults": 20,
        "nextToken": 0,
        "userIds": ["bob"],
        "statuses": ["RUNNING"],
    }
    bodies = [seen.body for seen in dingtalk.requests_to(IDS)]
    assert bodies == [first, first | {"nextToken": 20}, first | {"nextToken": 40}]


@pytest.mark.parametrize("token", [None, "", "0", 0, "soon"], ids=str)
def test_a_walk_ends_where_no_further_page_is_named(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, token: Any
) -> None:
    dingtalk.answer(IDS, {"result": {"list": ["a"], "nextToken": token}, "success": True})
    found = client.instances.list_ids(process_code="PROC-1", started_after=datetime.now(UTC))
    assert list(found) == ["a"]
    assert set(dingtalk.requests_to(IDS)[0].body) == {"processCode", "startTime", "maxResults", "nextToken"}


def test_a_walk_that_stands_still_ends(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(IDS, {"result": {"list": ["a"], "nextToken": "20"}, "success": True})
    found = client.instances.list_ids(process_code="PROC-1", started_after=datetime.now(UTC))
    assert list(found) == ["a", "a"]


def test_a_walk_is_asked_for_within_bounds(client: DingTalkClient) -> None:
    with pytest.raises(ValueError, match="zone"):
        client.instances.list_ids(process_code="PROC-1", started_after=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="at most 10"):
        client.instances.list_ids(process_code="PROC-1", started_after=datetime.now(UTC), user_ids=["x"] * 11)


def test_an_instance_is_withdrawn_by_its_initiator(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(f"{INSTANCES}/terminate", {"result": True, "success": True})
    client.instances.terminate(instance_id="EC8G", operating_user_id="bob", remark="No longer needed")
    (request,) = dingtalk.requests_to(f"{INSTANCES}/terminate")
    assert request.body == {
        "processInstanceId": "EC8G",
        "isSystem": False,
        "operatingUserId": "bob",
        "remark": "No longer needed",
    }


@pytest.mark.parametrize(
    ("status", "body", "failure", "retry"),
    [
        (400, {"code": "aflowProcessInstStatusException"}, FailureClass.INSTANCE_STATE, Retry.RETRYABLE),
        (400, {"code": "internalError"}, FailureClass.WITHDRAWAL_REFUSED, Retry.PERMANENT),
        (400, {"code": "820008"}, FailureClass.WITHDRAWAL_REFUSED, Retry.PERMANENT),
        (200, {"result": False, "success": True}, FailureClass.UNEXPECTED, Retry.OUTCOME_UNKNOWN),
        (200, {"result": False, "success": False}, FailureClass.UNEXPECTED, Retry.OUTCOME_UNKNOWN),
        (504, {"code": "systemError"}, FailureClass.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    ],
    ids=str,
)
def test_a_refused_withdrawal_says_why(
    dingtalk: ScriptedDingTalk,
    client: DingTalkClient,
    status: int,
    body: Any,
    failure: FailureClass,
    retry: Retry,
) -> None:
    dingtalk.answer(f"{INSTANCES}/terminate", body, status=status)
    with pytest.raises(DingTalkError) as caught:
        client.instances.terminate(instance_id="EC8G", operating_user_id="bob", remark="")
    assert (caught.value.operation, caught.value.failure) == ("terminateProcessInstance", failure)
    assert caught.value.retry is retry


def test_a_comment_is_written(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(f"{INSTANCES}/comments", {"result": True, "success": True})
    client.instances.comment(instance_id="EC8G", user_id="bob", text="见附件")
    (request,) = dingtalk.requests_to(f"{INSTANCES}/comments")
    assert request.body == {"processInstanceId": "EC8G", "commentUserId": "bob", "text": "见附件"}
