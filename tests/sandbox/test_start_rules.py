"""Starting an instance is refused where DingTalk refuses it, with DingTalk's code, and makes nothing then."""

from __future__ import annotations

from typing import Any

import pytest

from .caller import VALUES, Caller


@pytest.fixture
def code(caller: Caller) -> str:
    return caller.make_template()


def refusal(caller: Caller, body: dict[str, Any]) -> str:
    answer = caller.new("POST", "workflow/processInstances", json=body)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"code", "message", "requestid"}
    assert caller.control("GET", "instances")["instances"] == []
    return str(answer.json()["code"])


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize("field", ["originatorUserId", "processCode", "formComponentValues"])
def test_a_missing_field_is_named(caller: Caller, code: str, field: str) -> None:
    assert refusal(caller, without(caller.start_body(code), field)) == f"Missing{field}"


@pytest.mark.parametrize("key", ["name", "value"])
def test_a_value_needs_both_keys(caller: Caller, code: str, key: str) -> None:
    values = [without(VALUES[0], key), *VALUES[1:]]
    assert refusal(caller, caller.start_body(code, formComponentValues=values)) == f"Missing{key}"


def test_without_department_and_approvers_the_system_errs(caller: Caller, code: str) -> None:
    assert refusal(caller, without(caller.start_body(code), "deptId")) == "sysErrror"


def test_without_department_approvers_are_enough(caller: Caller, code: str) -> None:
    body = caller.start_body(code, approvers=[{"actionType": "NONE", "userIds": ["chen"]}])
    answer = caller.new("POST", "workflow/processInstances", json=without(body, "deptId"))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"deptId": 100000003}, "processInstanceInvalidParameter"),
        ({"originatorUserId": "nobody"}, "processInstanceInvalidParameter"),
        ({"originatorUserId": "olga"}, "processInstanceInvalidParameter"),
        ({"originatorUserId": "frank"}, "invalidParameter"),
        ({"processCode": "PROC-GONE"}, "processCodeError"),
        ({"microappAgentId": 1}, "invalidAgentId"),
        ({"targetSelectActioners": []}, "targetSelectApproverMissing"),
        (
            {"targetSelectActioners": [{"actionerKey": "manual_old", "actionerUserIds": ["chen"]}]},
            "targetSelectApproverMissing",
        ),
        ({"approvers": [{"actionType": "NONE", "userIds": ["chen", "iris"]}]}, "invalidParameter"),
        ({"approvers": [{"actionType": "AND", "userIds": ["chen"]}]}, "invalidParameter"),
        (
            {"approvers": [{"actionType": "NONE", "userIds": ["frank"]}]},
            "processInstanceInvalidParameter",
        ),
    ],
)
def test_people_departments_and_approvers_are_checked(
    caller: Caller, code: str, change: dict[str, Any], expected: str
) -> None:
    assert refusal(caller, {**caller.start_body(code), **change}) == expected


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([*VALUES, {"name": "Elsewhere", "value": "x"}], id="unknown label"),
        pytest.param([VALUES[0], {"name": "Level", "value": "VIEW"}], id="text of no option"),
        pytest.param(VALUES[1:], id="required missing"),
        pytest.param([{"name": "单号", "value": ""}, VALUES[1]], id="required empty"),
        pytest.param([{"name": "单号", "value": "x" * 65536}, VALUES[1]], id="too long"),
        pytest.param([{"name": "单号", "value": 7}, VALUES[1]], id="not a text"),
    ],
)
def test_form_values_are_checked_against_the_template(
    caller: Caller, code: str, values: list[dict[str, Any]]
) -> None:
    body = caller.start_body(code, formComponentValues=values)
    assert refusal(caller, body) == "formConverterError"


def test_a_disabled_template_starts_nothing(caller: Caller, code: str) -> None:
    body = caller.start_body(code)
    caller.control("PATCH", f"templates/{code}", {"status": "INVALID"})
    assert refusal(caller, body) == "processGetFailed"


def test_a_template_somebody_does_not_see_needs_authority(caller: Caller, code: str) -> None:
    body = caller.start_body(code)
    caller.control("PATCH", f"templates/{code}", {"visible_to": ["alice"]})
    assert refusal(caller, body) == "needAuth"


def test_only_people_in_range_can_be_selected_and_one_where_one_is_allowed(caller: Caller, code: str) -> None:
    node = {"rule": "selected_by_initiator", "range": ["chen", "iris"], "multi": False}
    caller.control("PUT", f"templates/{code}/flow", {"nodes": [node]})
    assert refusal(caller, caller.start_body(code, approver="kate")) == "targetSelectApproverScopeError"
    key = caller.forecast(code)["workflowActivityRules"][0]["workflowActor"]["actorKey"]
    both = [{"actionerKey": key, "actionerUserIds": ["chen", "iris"]}]
    body = caller.start_body(code, targetSelectActioners=both)
    assert refusal(caller, body) == "targetSelectApproverScopeError"


def test_editing_the_flow_makes_old_keys_useless(caller: Caller, code: str) -> None:
    body = caller.start_body(code)
    node = {"rule": "selected_by_initiator"}
    caller.control("PUT", f"templates/{code}/flow", {"nodes": [node]})
    assert refusal(caller, body) == "targetSelectApproverMissing"


def test_the_root_department_is_minus_one_for_those_directly_in_it(caller: Caller, code: str) -> None:
    body = {**caller.start_body(code), "originatorUserId": "eve", "deptId": -1}
    answer = caller.new("POST", "workflow/processInstances", json=body)
    assert caller.detail(answer.json()["instanceId"])["originatorDeptId"] == "-1"


def test_the_same_body_twice_makes_two_instances(caller: Caller, code: str) -> None:
    body = caller.start_body(code)
    made = {caller.new("POST", "workflow/processInstances", json=body).json()["instanceId"] for _ in "12"}
    assert len(made) == 2
