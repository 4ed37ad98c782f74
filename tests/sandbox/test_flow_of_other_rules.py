"""Every rule of DingTalk's flow designer: who the forecast names, what it calls the rule, and who is then asked."""

from __future__ import annotations

from typing import Any

import pytest

from .caller import LEVEL, REASON, TEXT, VALUES, Caller

COLLEAGUE = {
    "componentType": "InnerContactField",
    "props": {"componentId": "InnerContactField-who", "label": "Colleague", "required": False},
}
DEPARTMENT = {
    "componentType": "DepartmentField",
    "props": {"componentId": "DepartmentField-where", "label": "Department", "required": False},
}
FILLED = [
    *VALUES,
    {"name": "Colleague", "value": '["jack", "frank"]'},
    {"name": "Department", "value": "100000003"},
]
FINANCE, STEWARD, HEAD = 200649095, 200649096, 200649097


@pytest.fixture
def code(caller: Caller) -> str:
    caller.control("PUT", "settings", {"calls_per_second": 0})
    return caller.make_template(components=[TEXT, LEVEL, REASON, COLLEAGUE, DEPARTMENT])


def design(caller: Caller, code: str, *nodes: dict[str, Any]) -> None:
    assert "error" not in caller.control("PUT", f"templates/{code}/flow", {"nodes": list(nodes)})


def forecast(caller: Caller, code: str, values: list[dict[str, str]] = FILLED, **who: Any) -> dict[str, Any]:
    body = {
        "processCode": code,
        "deptId": 100000002,
        "userId": "bob",
        "formComponentValues": values,
        **who,
    }
    return dict(caller.new("POST", "workflow/processes/forecast", json=body).json()["result"])


def rule_of(caller: Caller, code: str, **who: Any) -> dict[str, Any]:
    return dict(forecast(caller, code, **who)["workflowActivityRules"][0])


def people(rule: dict[str, Any]) -> list[str]:
    return [person["userId"] for person in rule["activityActioners"]]


RULES = [
    ({"rule": "specified_members", "people": ["kate"]}, "target_approval", ["kate"]),
    ({"rule": "direct_supervisor"}, "target_formula", ["chen"]),
    ({"rule": "direct_supervisor", "level": 2}, "target_formula", ["iris"]),
    ({"rule": "direct_supervisor", "level": 3}, "target_formula", []),
    ({"rule": "department_head"}, "target_management", ["chen"]),
    ({"rule": "department_head", "level": 2}, "target_management", ["iris"]),
    ({"rule": "head_of_form_department", "field": "Department"}, "target_formula", ["kate"]),
    ({"rule": "initiator"}, "target_originator", ["bob"]),
    ({"rule": "role", "roles": [FINANCE]}, "target_label", ["dora", "kate"]),
    ({"rule": "role_in_levels", "roles": [HEAD]}, "target_managers_labels", ["chen", "iris"]),
    (
        {"rule": "form_contact", "field": "InnerContactField-who"},
        "target_formcomponent_approval",
        ["jack"],
    ),
    ({"rule": "matrix", "people": ["henry"]}, "target_matrix_approval", ["henry"]),
    (
        {"rule": "consecutive_supervisors", "level": 2, "mode": "one_by_one"},
        "target_connect_approval",
        ["chen", "iris"],
    ),
    ({"rule": "formula", "people": ["grace"]}, "target_formula", ["grace"]),
]


def test_each_rule_finds_its_people_and_the_switch_tells_its_name(caller: Caller, code: str) -> None:
    for node, name, expected in RULES:
        design(caller, code, node)
        caller.control("PUT", "settings", {"forecast_naming": "target_approval"})
        plain = rule_of(caller, code)
        assert (plain["activityType"], people(plain)) == ("target_approval", expected), node
        caller.control("PUT", "settings", {"forecast_naming": "rule_names"})
        named = rule_of(caller, code)
        assert (named["activityType"], people(named)) == (name, expected), node


def test_rules_follow_the_person_and_the_department_who_asks(caller: Caller, code: str) -> None:
    design(caller, code, {"rule": "department_head"})
    east = {"userId": "jack", "deptId": 100000004}
    assert people(rule_of(caller, code, **east)) == ["chen"], "a department without a head is its parent's"
    assert people(rule_of(caller, code, userId="eve", deptId=-1)) == ["iris"]
    design(caller, code, {"rule": "direct_supervisor"})
    assert people(rule_of(caller, code, userId="dora", deptId=100000003)) == ["kate"]


def test_a_rule_that_needs_something_named_is_refused_without_it(caller: Caller, code: str) -> None:
    for node in (
        {"rule": "matrix"},
        {"rule": "role"},
        {"rule": "form_contact"},
        {"rule": "direct_supervisor", "level": 0},
        {"rule": "initiator", "when": {"Level": "edit"}},
        {"rule": "initiator", "mode": []},
        {"rule": "telepathy"},
        {},
    ):
        assert "error" in caller.control("PUT", f"templates/{code}/flow", {"nodes": [node]}), node


def test_a_select_node_limited_to_roles_offers_and_takes_their_members(caller: Caller, code: str) -> None:
    design(caller, code, {"rule": "selected_by_initiator", "roles": [FINANCE], "multi": False})
    actor = rule_of(caller, code)["workflowActor"]
    labels = [{"labels": str(FINANCE), "labelNames": "Finance 财务"}]
    assert (actor["actorSelectionType"], actor["actorSelectionRange"]) == ("labels", {"labels": labels})
    body = caller.start_body(code, approver="chen")
    answer = caller.new("POST", "workflow/processInstances", json=body).json()
    assert answer["code"] == "targetSelectApproverScopeError"
    instance = caller.start(code, approver="dora")
    assert caller.detail(instance)["tasks"][0]["userId"] == "dora"


def test_a_conditional_node_is_on_the_path_for_its_values_only(caller: Caller, code: str) -> None:
    finance = {"rule": "specified_members", "people": ["kate"], "when": {"Level": ["edit"]}}
    design(caller, code, {"rule": "direct_supervisor"}, finance)
    view = forecast(caller, code)
    assert view["isStaticWorkflow"] is False
    assert [people(rule) for rule in view["workflowActivityRules"]] == [["chen"]]
    edit = forecast(caller, code, [FILLED[0], {"name": "Level", "value": "edit"}])
    assert [people(rule) for rule in edit["workflowActivityRules"]] == [["chen"], ["kate"]]
    assert len(edit["workflowForecastNodes"]) == 1
    instance = caller.start(code)
    caller.act(instance, person="chen", action="agree")
    assert caller.detail(instance)["status"] == "COMPLETED"


@pytest.mark.parametrize(("decision", "result"), [("auto_agree", "agree"), ("auto_refuse", "refuse")])
def test_an_automatic_node_decides_through_a_user_who_is_nobody(
    caller: Caller, code: str, decision: str, result: str
) -> None:
    design(caller, code, {"rule": "specified_members", "people": ["kate"], "decision": decision})
    rule = rule_of(caller, code)
    assert (rule["workflowActor"]["approvalType"], people(rule)) == (decision.upper(), [])
    detail = caller.detail(caller.start(code))
    assert (detail["status"], detail["result"]) == ("COMPLETED", result)
    task = detail["tasks"][0]
    assert (task["userId"][:4], task["result"], task["status"]) == ("V00_", result.upper(), "COMPLETED")


def test_a_rule_that_finds_nobody_is_passed_or_taken_by_an_administrator(caller: Caller, code: str) -> None:
    caller.control("PATCH", "people/bob", {"manager_userid": None})
    for if_nobody, asked in (("pass", ["kate"]), ("admin", ["alice"])):
        orphan = {"rule": "direct_supervisor", "if_nobody": if_nobody}
        design(caller, code, orphan, {"rule": "specified_members", "people": ["kate"]})
        assert people(rule_of(caller, code)) == []
        tasks = caller.detail(caller.start(code))["tasks"]
        assert [task["userId"] for task in tasks] == asked


def test_a_handler_is_asked_like_an_approver_and_called_audit(caller: Caller, code: str) -> None:
    design(caller, code, {"rule": "specified_members", "people": ["henry"], "actor": "handler"})
    assert rule_of(caller, code)["workflowActor"]["actorType"] == "audit"
    instance = caller.start(code)
    caller.act(instance, person="henry", action="agree")
    assert caller.detail(instance)["result"] == "agree"


def test_saving_the_same_flow_again_makes_new_ids_and_keys(caller: Caller, code: str) -> None:
    node = {"rule": "selected_by_initiator"}
    design(caller, code, node)
    before = rule_of(caller, code)
    design(caller, code, node)
    after = rule_of(caller, code)
    assert before["activityId"] != after["activityId"]
    assert before["workflowActor"]["actorKey"] != after["workflowActor"]["actorKey"]
