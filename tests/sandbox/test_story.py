"""The whole story on the wire: token, template, forecast, start, decision, detail, encrypted events."""

from __future__ import annotations

import json

import pytest
from pytest_httpserver import HTTPServer

from portal.sandbox import SandboxConfig

from .caller import Caller, until
from .receiver import AES_KEY, TOKEN, Receiver


@pytest.fixture
def receiver(httpserver: HTTPServer, config: SandboxConfig, caller: Caller) -> Receiver:
    receiver = Receiver(server=httpserver, owner_key=config.app_key)
    subscription = {"url": receiver.url, "aes_key": AES_KEY, "token": TOKEN}
    assert "error" not in caller.control("PUT", "subscription", subscription)
    return receiver


@pytest.mark.parametrize("decision", ["agree", "refuse"])
def test_a_decision_in_the_inbox_arrives_as_an_encrypted_finish_event(
    caller: Caller, receiver: Receiver, decision: str
) -> None:
    code = caller.make_template()
    instance = caller.start(code)
    assert caller.detail(instance)["status"] == "RUNNING"
    caller.act(instance, person="chen", action=decision, remark="好的")
    detail = caller.detail(instance)
    assert (detail["status"], detail["result"]) == ("COMPLETED", decision)
    assert [record["type"] for record in detail["operationRecords"]] == [
        "START_PROCESS_INSTANCE",
        "EXECUTE_TASK_NORMAL",
    ]
    until(lambda: len(receiver.events) >= 4)
    assert [(event["EventType"], event["type"], event.get("result")) for event in receiver.events] == [
        ("bpms_instance_change", "start", None),
        ("bpms_task_change", "start", None),
        ("bpms_task_change", "finish", decision),
        ("bpms_instance_change", "finish", decision),
    ]
    assert receiver.events[0]["title"] == "Bob Li 李博提交的Access"
    assert json.dumps(receiver.events[0], ensure_ascii=False).count(instance) >= 2


def test_with_the_empty_default_flow_the_approvers_given_replace_it(
    caller: Caller, receiver: Receiver
) -> None:
    caller.control("PUT", "settings", {"default_flow": "empty"})
    code = caller.make_template()
    assert caller.forecast(code)["workflowActivityRules"] == []
    instance = caller.start(code, approvers=[{"actionType": "NONE", "userIds": ["chen"]}])
    task = caller.detail(instance)["tasks"][0]
    assert (task["userId"], task["status"]) == ("chen", "RUNNING")
    body = {
        "processInstanceId": instance,
        "taskId": task["taskId"],
        "actionerUserId": "chen",
        "result": "agree",
    }
    answer = caller.new("POST", "workflow/processInstances/execute", json=body)
    assert answer.json() == {"result": True, "success": True}
    assert caller.detail(instance)["result"] == "agree"
    until(lambda: receiver.events and receiver.events[-1]["type"] == "finish")
