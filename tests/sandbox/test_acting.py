"""What people and apps do to a running instance, and what stays behind in its detail."""

from __future__ import annotations

from typing import Any

import pytest

from .caller import Caller


@pytest.fixture
def code(caller: Caller) -> str:
    return caller.make_template()


def terminate(caller: Caller, instance: str, **changes: Any) -> dict[str, Any]:
    body = {
        "processInstanceId": instance,
        "isSystem": False,
        "operatingUserId": "bob",
        "remark": "",
        **changes,
    }
    return dict(caller.new("POST", "workflow/processInstances/terminate", json=body).json())


def design(caller: Caller, code: str, *nodes: dict[str, Any]) -> None:
    assert "error" not in caller.control("PUT", f"templates/{code}/flow", {"nodes": list(nodes)})


def waiting(caller: Caller, instance: str) -> list[str]:
    return [task["userId"] for task in caller.detail(instance)["tasks"] if task["status"] == "RUNNING"]


def test_nothing_is_withdrawn_within_fifteen_seconds(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    assert terminate(caller, instance)["code"] == "aflowProcessInstStatusException"
    caller.control("PUT", "settings", {"withdraw_wait_seconds": 0})
    assert terminate(caller, instance) == {"result": True, "success": True}
    assert terminate(caller, instance)["code"] == "aflowProcessInstStatusException"


def test_withdrawal_needs_the_templates_option_and_the_requester(caller: Caller, code: str) -> None:
    caller.control("PUT", "settings", {"withdraw_wait_seconds": 0})
    instance = caller.start(code)
    assert terminate(caller, instance, operatingUserId="dora")["code"] == "internalError"
    caller.control("PATCH", f"templates/{code}", {"requester_may_withdraw": False})
    assert terminate(caller, instance)["code"] == "internalError"
    assert caller.detail(instance)["status"] == "RUNNING"
    assert terminate(caller, instance, isSystem=None)["code"] == "invalidInstanceTerminateIsSystem"
    assert terminate(caller, instance, isSystem=True)["success"] is True


def test_termination_names_what_is_wrong(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    assert terminate(caller, "none")["code"] == "aflowProcessInstNotExist"
    assert terminate(caller, "")["code"] == "invalidInstanceId"
    assert terminate(caller, instance, operatingUserId="nobody")["code"] == "userNotExist"
    missing = terminate(caller, instance, operatingUserId="")
    assert missing["code"] == "invalidInstanceTerminateOperatingUserId"


def test_everybody_anybody_and_one_by_one(caller: Caller, code: str) -> None:
    design(
        caller,
        code,
        {"rule": "specified_members", "people": ["kate", "dora"], "mode": "all"},
        {"rule": "specified_members", "people": ["iris", "henry"], "mode": "any"},
        {"rule": "specified_members", "people": ["grace", "jack"], "mode": "one_by_one"},
        {"rule": "direct_supervisor"},
    )
    instance = caller.start(code)
    assert waiting(caller, instance) == ["kate", "dora"]
    caller.act(instance, person="dora", action="agree")
    assert waiting(caller, instance) == ["kate"]
    caller.act(instance, person="kate", action="agree")
    caller.act(instance, person="henry", action="agree")
    cancelled = [task["userId"] for task in caller.detail(instance)["tasks"] if task["status"] == "CANCELED"]
    assert cancelled == ["iris"]
    assert waiting(caller, instance) == ["grace"]
    caller.act(instance, person="grace", action="agree")
    assert waiting(caller, instance) == ["jack"]
    caller.act(instance, person="jack", action="agree")
    caller.act(instance, person="chen", action="agree")
    assert caller.detail(instance)["result"] == "agree"


def test_handing_over_is_a_redirected_task_and_a_new_one_of_the_same_activity(
    caller: Caller, code: str
) -> None:
    instance = caller.start(code)
    caller.act(instance, person="chen", action="redirect", to="iris", remark="on leave")
    old, new = caller.detail(instance)["tasks"]
    assert (old["result"], old["status"]) == ("REDIRECTED", "COMPLETED")
    assert (new["userId"], new["activityId"]) == ("iris", old["activityId"])
    record = caller.detail(instance)["operationRecords"][-1]
    assert (record["type"], record["userId"], record["remark"]) == ("REDIRECT_TASK", "chen", "on leave")
    gone = caller.act(instance, person="iris", action="redirect", to="frank")
    assert gone["error"] == "person_unknown"


def test_a_node_without_people_is_passed_over(caller: Caller, code: str) -> None:
    caller.control("PATCH", "people/bob", {"manager_userid": None})
    design(caller, code, {"rule": "direct_supervisor"}, {"rule": "specified_members", "people": ["kate"]})
    assert caller.forecast(code)["workflowActivityRules"][0]["activityActioners"] == []
    assert waiting(caller, caller.start(code)) == ["kate"]


def test_copies_are_sent_when_their_node_is_reached(caller: Caller, code: str) -> None:
    copies = {"rule": "specified_members", "people": ["dora"], "actor": "notifier"}
    design(caller, code, {"rule": "direct_supervisor"}, copies)
    instance = caller.start(code)
    caller.act(instance, person="chen", action="agree")
    detail = caller.detail(instance)
    assert (detail["ccUserIds"], detail["status"]) == (["dora"], "COMPLETED")
    assert detail["operationRecords"][-1]["type"] == "PROCESS_CC"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"actionerUserId": "dora"}, "needAuth"),
        ({"result": "maybe"}, "invalidParameter"),
        ({"taskId": 1}, "invalidParameter"),
        ({"processInstanceId": "none"}, "aflowProcessInstNotExist"),
    ],
)
def test_only_the_handler_decides_a_task(
    caller: Caller, code: str, change: dict[str, Any], expected: str
) -> None:
    instance = caller.start(code)
    task = caller.detail(instance)["tasks"][0]["taskId"]
    body = {
        "processInstanceId": instance,
        "taskId": task,
        "actionerUserId": "chen",
        "result": "agree",
        **change,
    }
    answer = caller.new("POST", "workflow/processInstances/execute", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, expected)
    assert caller.detail(instance)["status"] == "RUNNING"


def test_nobody_decides_twice(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    caller.act(instance, person="chen", action="refuse")
    assert caller.act(instance, person="chen", action="agree")["error"] == "not_running"
    assert caller.detail(instance)["result"] == "refuse"
    body = {
        "processInstanceId": instance,
        "taskId": caller.detail(instance)["tasks"][0]["taskId"],
        "actionerUserId": "chen",
        "result": "agree",
    }
    answer = caller.new("POST", "workflow/processInstances/execute", json=body)
    assert answer.json()["code"] == "aflowProcessInstCanNotBeExecuted"


def test_times_are_utc_minutes_and_absent_before_the_end(caller: Caller, code: str) -> None:
    detail = caller.detail(caller.start(code))
    assert detail["createTime"].endswith("Z")
    assert len(detail["createTime"]) == len("2026-01-02T07:04Z")
    assert "finishTime" not in detail
    assert detail["result"] == ""
    assert detail["tasks"][0]["taskId"] > 2**32


def allow_countersigning(caller: Caller, code: str) -> None:
    caller.control("PATCH", f"templates/{code}", {"allows_countersigning": True})


def test_countersigning_before_pauses_the_asker_until_the_other_agreed(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    refused = caller.act(instance, person="chen", action="countersign_before", to="iris")
    assert refused["error"] == "countersigning_off"
    allow_countersigning(caller, code)
    caller.act(instance, person="chen", action="countersign_before", to="iris", remark="please look")
    asker, added = caller.detail(instance)["tasks"]
    assert (asker["status"], added["userId"], added["activityId"]) == ("PAUSED", "iris", asker["activityId"])
    assert caller.detail(instance)["operationRecords"][-1]["type"] == "APPEND_TASK_BEFORE"
    assert caller.act(instance, person="chen", action="agree")["error"] == "no_task"
    caller.act(instance, person="iris", action="agree")
    assert waiting(caller, instance) == ["chen"]
    caller.act(instance, person="chen", action="agree")
    assert caller.detail(instance)["result"] == "agree"


def test_countersigning_after_agrees_and_waits_for_the_other(caller: Caller, code: str) -> None:
    allow_countersigning(caller, code)
    instance = caller.start(code)
    caller.act(instance, person="chen", action="countersign_after", to="iris")
    kinds = [record["type"] for record in caller.detail(instance)["operationRecords"]]
    assert kinds[-2:] == ["APPEND_TASK_AFTER", "EXECUTE_TASK_NORMAL"]
    assert (waiting(caller, instance), caller.detail(instance)["status"]) == (["iris"], "RUNNING")
    caller.act(instance, person="iris", action="refuse")
    assert caller.detail(instance)["result"] == "refuse"


def test_a_countersigner_holds_back_a_node_that_anybody_may_decide(caller: Caller, code: str) -> None:
    allow_countersigning(caller, code)
    design(caller, code, {"rule": "specified_members", "people": ["kate", "dora"], "mode": "any"})
    instance = caller.start(code)
    caller.act(instance, person="kate", action="countersign_after", to="iris")
    assert waiting(caller, instance) == ["iris"]
    caller.act(instance, person="iris", action="redirect", to="jack")
    caller.act(instance, person="jack", action="agree")
    assert caller.detail(instance)["result"] == "agree"


def test_a_paused_task_ends_with_its_instance(caller: Caller, code: str) -> None:
    allow_countersigning(caller, code)
    instance = caller.start(code)
    caller.act(instance, person="chen", action="countersign_before", to="iris")
    caller.act(instance, person="bob", action="withdraw")
    assert {task["status"] for task in caller.detail(instance)["tasks"]} == {"CANCELED"}
