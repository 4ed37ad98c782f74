"""What only OA premium tells and does, and how an organisation without it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alibabacloud_dingtalk.workflow_1_0 import models as workflow

from .caller import LEVEL, TEXT, Caller
from .test_official_models import fits

PATH = "workflow/premium/processes/schemas/batchQuery"
COLLEAGUE = {"componentType": "InnerContactField", "props": {"componentId": "Who-1", "label": "Colleague"}}
PLACE = {"componentType": "DepartmentField", "props": {"componentId": "Where-1", "label": "Department"}}


@pytest.fixture
def code(caller: Caller) -> str:
    caller.control("PUT", "settings", {"calls_per_second": 0, "has_premium": True})
    return caller.make_template(components=[TEXT, LEVEL, COLLEAGUE, PLACE])


def config_of(caller: Caller, code: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    assert "error" not in caller.control("PUT", f"templates/{code}/flow", {"nodes": list(nodes)})
    answer = caller.new("POST", PATH, json={"processCodes": [code]}).json()
    fits(answer, workflow.PremiumQuerySchemaAndProcessByCodeListResponseBody())
    return dict(json.loads(answer["result"][0]["processConfig"]))


def test_without_the_subscription_or_the_scope_it_is_refused(caller: Caller, code: str) -> None:
    caller.control("PUT", "settings", {"has_premium": False})
    answer = caller.new("POST", PATH, json={"processCodes": [code]})
    assert (answer.status_code, answer.json()["code"]) == (400, "benefit.status.invalid")
    caller.control("PUT", "permissions", {"Premium.Workflow.ReadWrite.All": False})
    answer = caller.new("POST", PATH, json={"processCodes": [code]})
    assert (answer.status_code, answer.json()["code"]) == (
        403,
        "Forbidden.AccessDenied.AccessTokenPermissionDenied",
    )


def test_unknown_templates_are_named_as_such(caller: Caller, code: str) -> None:
    for codes, expected in (([], "invalidProcessCode"), (["PROC-NONE"], "processNotExist")):
        answer = caller.new("POST", PATH, json={"processCodes": codes})
        assert answer.json()["code"] == expected


RULES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"rule": "specified_members", "people": ["kate"]},
        {"type": "target_approval", "approvals": [{"workNo": "kate", "userName": "Kate Xu 徐凯"}]},
    ),
    (
        {"rule": "direct_supervisor", "level": 2},
        {"type": "target_formula", "subType": "reportLineManager"},
    ),
    ({"rule": "department_head"}, {"type": "target_management", "level": 1, "autoUp": True}),
    (
        {"rule": "head_of_form_department", "field": "Department"},
        {"type": "target_formula", "subType": "managerOfDept"},
    ),
    ({"rule": "initiator"}, {"type": "target_originator"}),
    (
        {"rule": "role", "roles": [200649095]},
        {"type": "target_label", "labels": ["200649095"], "labelNames": ["Finance 财务"]},
    ),
    ({"rule": "role_in_levels", "roles": [200649097]}, {"type": "target_managers_labels", "levels": []}),
    (
        {"rule": "form_contact", "field": "Colleague"},
        {"type": "target_formcomponent_approval", "paramKey": "Who-1"},
    ),
    ({"rule": "matrix", "people": ["kate"]}, {"type": "target_matrix_approval"}),
    ({"rule": "consecutive_supervisors", "level": 3}, {"type": "target_connect_approval", "level": 3}),
    ({"rule": "formula", "people": ["kate"]}, {"type": "target_formula"}),
    (
        {"rule": "selected_by_initiator", "range": ["chen"], "multi": False},
        {"type": "target_select", "select": ["approvals"], "multi": 1},
    ),
    ({"rule": "selected_by_initiator"}, {"type": "target_select", "select": ["allStaff"], "range": {}}),
]


def test_every_rule_is_told_by_its_own_name(caller: Caller, code: str) -> None:
    for node, expected in RULES:
        told = config_of(caller, code, node)["childNode"]["properties"]["actionerRules"][0]
        assert {name: told.get(name) for name in expected} == expected, node


def test_the_formulas_name_the_line_and_the_field(caller: Caller, code: str) -> None:
    first = config_of(caller, code, {"rule": "direct_supervisor", "level": 2})
    formula = first["childNode"]["properties"]["actionerRules"][0]["formula"]
    assert formula == f"ReportLineManager({caller.config.corp_id},originator,2)"
    second = config_of(caller, code, {"rule": "head_of_form_department", "field": "Department"})
    assert "Where-1" in second["childNode"]["properties"]["actionerRules"][0]["formula"]


def test_the_tree_chains_nodes_modes_and_conditions(caller: Caller, code: str) -> None:
    tree = config_of(
        caller,
        code,
        {"rule": "selected_by_initiator", "mode": "any"},
        {"rule": "specified_members", "people": ["kate"], "when": {"Level": ["edit"]}},
        {"rule": "initiator", "actor": "handler", "mode": "one_by_one", "if_nobody": "admin"},
        {"rule": "specified_members", "people": ["dora"], "actor": "notifier"},
    )
    assert (tree["type"], tree["nodeId"]) == ("start", "sid-startevent")
    chosen = tree["childNode"]
    assert (chosen["properties"]["activateType"], chosen["properties"]["agreeAll"]) == ("ALL", False)
    key = chosen["properties"]["actionerRules"][0]["key"]
    assert key.startswith(f"manual_{chosen['nodeId']}_")
    route = chosen["childNode"]
    met, other = route["conditionNodes"]
    assert (route["type"], met["type"], "childNode" in other) == ("route", "condition", False)
    condition = met["properties"]["conditions"][0][0]
    assert (condition["paramKey"], condition["paramValues"]) == ("DDSelectField-level", ["edit"])
    assert met["childNode"]["properties"]["actionerRules"][0]["type"] == "target_approval"
    handler = route["childNode"]
    assert (handler["type"], handler["properties"]["activateType"]) == ("handler", "ONE_BY_ONE")
    assert handler["properties"]["noneActionerAction"] == "admin"
    assert handler["childNode"]["type"] == "notifier"


def task_of(caller: Caller, instance: str, person: str) -> dict[str, Any]:
    open_tasks = [task for task in caller.detail(instance)["tasks"] if task["status"] == "RUNNING"]
    task = next(task for task in open_tasks if task["userId"] == person)
    return {"taskId": task["taskId"], "processInstanceId": instance, "operateUserId": person}


def append(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    asked = {"appenderUserIds": ["iris", "kate"], "activateType": "ALL", "type": "before", **body}
    return dict(caller.new("POST", "workflow/premium/tasks/append", json=asked).json())


def revert(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    asked = {"targetActivityId": "sid-startevent", "revertAction": "REVERT_FOR_RESUBMIT", **body}
    return dict(caller.new("POST", "workflow/premium/tasks/revert", json=asked).json())


@pytest.fixture
def instance(caller: Caller, code: str) -> str:
    caller.control("PATCH", f"templates/{code}", {"allows_countersigning": True})
    return caller.start(code, formComponentValues=[{"name": "单号", "value": "1"}, LEVEL_VALUE])


LEVEL_VALUE = {"name": "Level", "value": "view"}


def test_countersigners_are_added_to_a_task(caller: Caller, instance: str) -> None:
    answer = append(caller, task_of(caller, instance, "chen"))
    fits(answer, workflow.PremiumAppendTaskResponseBody())
    assert answer["result"] is True
    statuses = [(task["userId"], task["status"]) for task in caller.detail(instance)["tasks"]]
    assert statuses == [("chen", "PAUSED"), ("iris", "RUNNING"), ("kate", "RUNNING")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"operateUserId": "iris"}, "param.illegal.operator"),
        ({"appenderUserIds": ["chen"]}, "appender.contains.currentOperator"),
        ({"appenderUserIds": ["frank"]}, "user.not.exist"),
        ({"appenderUserIds": []}, "param.blank"),
        ({"type": "during"}, "param.illegal"),
        ({"taskId": 7}, "param.illegal"),
        ({"activateType": ["ALL"]}, "param.illegal"),
    ],
)
def test_what_does_not_fit_is_refused(
    caller: Caller, instance: str, change: dict[str, Any], expected: str
) -> None:
    assert append(caller, {**task_of(caller, instance, "chen"), **change})["code"] == expected
    assert len(caller.detail(instance)["tasks"]) == 1


def test_a_task_is_sent_back_to_the_requester(caller: Caller, instance: str) -> None:
    body = task_of(caller, instance, "chen")
    assert revert(caller, {**body, "targetActivityId": "nowhere"})["code"] == "param.illegal"
    answer = revert(caller, body)
    fits(answer, workflow.PremiumRevertTaskResponseBody())
    assert caller.detail(instance)["operationRecords"][-1]["type"] == "REDIRECT_PROCESS"
    assert revert(caller, body)["code"] == "task.status.error"


def test_a_persons_open_tasks_are_counted(caller: Caller, instance: str) -> None:
    path = "workflow/processes/todoTasks/numbers"
    answer = caller.new("GET", path, params={"userId": "chen"}).json()
    fits(answer, workflow.GetUserTodoTaskSumResponseBody())
    assert answer["result"] == 1
    assert caller.new("GET", path, params={"userId": "nobody"}).json()["code"] == "userNotExist"
