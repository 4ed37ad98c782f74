"""DingTalk's own SDK as a witness: every answer of the new family fits its response models, key by key."""

from __future__ import annotations

import time
from typing import Any

import pytest
from alibabacloud_dingtalk.contact_1_0 import models as contact
from alibabacloud_dingtalk.oauth2_1_0 import models as oauth2
from alibabacloud_dingtalk.workflow_1_0 import models as workflow

from portal.sandbox.settings import ForecastNaming

from .caller import Caller


def _unknown(given: Any, understood: Any, path: str = "") -> list[str]:
    if isinstance(given, dict):
        missing = [f"{path}.{key}" for key in given if key not in understood]
        inner = [
            _unknown(value, understood[key], f"{path}.{key}")
            for key, value in given.items()
            if key in understood
        ]
        return missing + [each for found in inner for each in found]
    if isinstance(given, list):
        pairs = enumerate(zip(given, understood, strict=True))
        return [each for number, (one, other) in pairs for each in _unknown(one, other, f"{path}[{number}]")]
    return [] if given == understood and type(given) is type(understood) else [f"{path}: {given!r}"]


def fits(answer: dict[str, Any], model: Any) -> None:
    assert _unknown(answer, model.from_map(answer).to_map()) == []


@pytest.fixture
def code(caller: Caller) -> str:
    return caller.make_template()


def test_the_app_token(caller: Caller) -> None:
    body = {"appKey": caller.config.app_key, "appSecret": caller.config.app_secret}
    answer = caller.http.post(f"{caller.url}/v1.0/oauth2/accessToken", json=body).json()
    fits(answer, oauth2.GetAccessTokenResponseBody())


def test_the_user_token_and_the_profile(caller: Caller) -> None:
    tokens = caller.sign_in("bob")
    fits(tokens, oauth2.GetUserTokenResponseBody())
    headers = {"x-acs-dingtalk-access-token": tokens["accessToken"]}
    profile = caller.http.get(f"{caller.url}/v1.0/contact/users/me", headers=headers).json()
    fits(profile, contact.GetUserResponseBody())
    assert profile["nick"] == "Bob Li 李博"


def test_the_user_search(caller: Caller) -> None:
    body = {"queryWord": "陈", "offset": 0, "size": 10}
    answer = caller.new("POST", "contact/users/search", json=body).json()
    fits(answer, contact.SearchUserResponseBody())
    assert answer["list"] == ["chen"]


def test_templates_made_and_read(caller: Caller, code: str) -> None:
    query = {"processCode": code}
    schema = caller.new("GET", "workflow/forms/schemas/processCodes", params=query).json()
    fits(schema, workflow.QuerySchemaByProcessCodeResponseBody())
    body = {"name": "Other", "formComponents": [{"componentType": "TextField", "props": _PROPS}]}
    made = caller.new("POST", "workflow/forms", json=body).json()
    fits(made, workflow.FormCreateResponseBody())


_PROPS = {"componentId": "TextField-1", "label": "One"}


def test_templates_found(caller: Caller, code: str) -> None:
    named = {"name": "Access"}
    found = caller.new("GET", "workflow/processCentres/schemaNames/processCodes", params=named).json()
    fits(found, workflow.GetProcessCodeByNameResponseBody())
    assert found["result"]["processCode"] == code
    managed = caller.new("GET", "workflow/processes/managements/templates", params={"userId": "alice"}).json()
    fits(managed, workflow.GetManageProcessByStaffIdResponseBody())
    page = {"userId": "bob", "maxResults": 100, "nextToken": 0}
    seen = caller.new("GET", "workflow/processes/userVisibilities/templates", params=page).json()
    fits(seen, workflow.ListUserVisibleBpmsProcessesResponseBody())


def test_a_forecast_with_every_kind_of_node(caller: Caller, code: str) -> None:
    nodes = [
        {"rule": "selected_by_initiator", "range": ["chen", "iris"]},
        {"rule": "specified_members", "people": ["kate", "dora"], "mode": "any"},
        {"rule": "direct_supervisor"},
        {"rule": "selected_by_initiator", "actor": "notifier", "required": False},
    ]
    caller.control("PUT", f"templates/{code}/flow", {"nodes": nodes})
    result = caller.forecast(code)
    fits({"result": result}, workflow.ProcessForecastResponseBody())
    rules = result["workflowActivityRules"]
    kinds = ["target_select", "target_approval", "target_approval", "target_select"]
    assert [rule["activityType"] for rule in rules] == kinds
    assert "actorKey" not in rules[3]["workflowActor"]
    assert [person["userId"] for person in rules[2]["activityActioners"]] == ["chen"]


def test_a_forecast_of_the_other_rules_in_both_ways_of_naming(caller: Caller, code: str) -> None:
    finance = 200649095
    nodes = [
        {"rule": "selected_by_initiator", "roles": [finance], "people": ["kate"]},
        {"rule": "department_head", "when": {"Level": ["view"]}},
        {"rule": "consecutive_supervisors", "level": 2, "mode": "one_by_one"},
        {"rule": "role", "roles": [finance], "actor": "handler"},
        {"rule": "initiator", "decision": "auto_agree"},
        {"rule": "specified_members", "people": ["dora"], "actor": "notifier"},
    ]
    caller.control("PUT", f"templates/{code}/flow", {"nodes": nodes})
    for naming in ForecastNaming:
        caller.control("PUT", "settings", {"forecast_naming": naming})
        result = caller.forecast(code)
        fits({"result": result}, workflow.ProcessForecastResponseBody())
        types = [rule["activityType"] for rule in result["workflowActivityRules"]]
        assert ("target_management" in types) is (naming is ForecastNaming.RULE_NAMES)
    preset = result["workflowActivityRules"][0]["activityActioners"]
    assert [person["userId"] for person in preset] == ["kate"]


def test_the_detail_of_an_approval_that_everything_happened_to(caller: Caller, code: str) -> None:
    caller.control("PATCH", f"templates/{code}", {"allows_countersigning": True})
    first = {"rule": "direct_supervisor"}
    automatic = {"rule": "initiator", "decision": "auto_agree"}
    either = {"rule": "specified_members", "people": ["kate", "dora"], "mode": "any"}
    caller.control("PUT", f"templates/{code}/flow", {"nodes": [first, automatic, either]})
    instance = caller.start(code)
    moves: list[dict[str, Any]] = [
        {"person": "chen", "action": "redirect", "to": "iris"},
        {"person": "iris", "action": "countersign_before", "to": ["jack", "henry"], "mode": "one_by_one"},
        {"person": "jack", "action": "agree"},
        {"person": "eve", "action": "agree", "instead_of": "henry"},
        {"person": "iris", "action": "send_back"},
        {"person": "bob", "action": "resubmit"},
        {"person": "chen", "action": "countersign_after", "to": "iris"},
        {"person": "iris", "action": "agree", "remark": "fine"},
        {"person": "dora", "action": "comment", "remark": "hm"},
        {"person": "dora", "action": "agree"},
    ]
    for move in moves:
        answer = caller.act(instance, **move)
        assert "error" not in answer, (move, answer)
    detail = caller.detail(instance)
    fits({"result": detail, "success": "true"}, workflow.GetProcessInstanceResponseBody())
    assert (detail["status"], detail["result"]) == ("COMPLETED", "agree")
    kinds = {record["type"] for record in detail["operationRecords"]}
    assert kinds == {
        "START_PROCESS_INSTANCE",
        "REDIRECT_TASK",
        "APPEND_TASK_BEFORE",
        "EXECUTE_TASK_NORMAL",
        "EXECUTE_TASK_AGENT",
        "REDIRECT_PROCESS",
        "APPEND_TASK_AFTER",
        "ADD_REMARK",
    }
    ids = [task["taskId"] for task in detail["tasks"]]
    assert ids == sorted(ids)
    assert {task["status"] for task in detail["tasks"]} == {"COMPLETED", "CANCELED"}


def test_an_instance_started_listed_and_acted_on(caller: Caller, code: str) -> None:
    started = caller.new("POST", "workflow/processInstances", json=caller.start_body(code)).json()
    fits(started, workflow.StartProcessInstanceResponseBody())
    instance = started["instanceId"]
    body = {
        "processCode": code,
        "startTime": int(time.time() * 1000) - 60_000,
        "nextToken": 0,
        "maxResults": 1,
    }
    caller.start(code)
    listed = caller.new("POST", "workflow/processes/instanceIds/query", json=body).json()
    fits(listed, workflow.ListProcessInstanceIdsResponseBody())
    assert (listed["result"]["list"], listed["result"]["nextToken"]) == ([instance], "1")
    said = {"processInstanceId": instance, "text": "请尽快", "commentUserId": "bob"}
    answer = caller.new("POST", "workflow/processInstances/comments", json=said).json()
    fits(answer, workflow.AddProcessInstanceCommentResponseBody())
    task = caller.detail(instance)["tasks"][0]["taskId"]
    handed = {"taskId": task, "toUserId": "iris", "operateUserId": "chen", "remark": "away"}
    answer = caller.new("POST", "workflow/tasks/redirect", json=handed).json()
    fits(answer, workflow.RedirectWorkflowTaskResponseBody())
    query = {"processInstanceId": instance}
    fits(
        caller.new("GET", "workflow/processInstances", params=query).json(),
        workflow.GetProcessInstanceResponseBody(),
    )


def test_an_instance_withdrawn(caller: Caller, code: str) -> None:
    caller.control("PUT", "settings", {"withdraw_wait_seconds": 0})
    instance = caller.start(code)
    body = {"processInstanceId": instance, "isSystem": False, "operatingUserId": "bob", "remark": "no need"}
    answer = caller.new("POST", "workflow/processInstances/terminate", json=body).json()
    fits(answer, workflow.TerminateProcessInstanceResponseBody())
    detail = caller.detail(instance)
    fits({"result": detail, "success": "true"}, workflow.GetProcessInstanceResponseBody())
    assert (detail["status"], detail["result"]) == ("TERMINATED", "")
    last = detail["operationRecords"][-1]
    assert (last["type"], last["userId"]) == ("TERMINATE_PROCESS_INSTANCE", "bob")
