"""The forecast: every kind of node, in the order of the path."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.instances import Candidate, FieldValue, FlowNode, Forecast
from tests.dingtalk.scripted import ScriptedDingTalk

FORECAST = "/v1.0/workflow/processes/forecast"
SELECT: dict[str, Any] = {
    "activityId": "1918_5cd3",
    "prevActivityId": "sid-startevent",
    "activityName": "审批人",
    "activityType": "target_select",
    "isTargetSelect": True,
    "workflowActor": {
        "actorKey": "manual_1918_5cd3_895a_45ad",
        "actorType": "approver",
        "actorSelectionType": "approvals",
        "actorSelectionRange": {
            "approvals": [{"workNo": "chen", "userName": "陈伟"}],
            "labels": [{"labels": "200649095", "labelNames": "财务"}],
        },
        "allowedMulti": True,
        "approvalType": "MANUAL",
        "approvalMethod": "AND",
        "required": True,
    },
    "activityActioners": [],
}
FIXED: dict[str, Any] = {
    "activityId": "7a01_11ee",
    "prevActivityId": "1918_5cd3",
    "activityName": "主管",
    "activityType": "target_approval",
    "isTargetSelect": False,
    "workflowActor": {"actorType": "approver", "approvalType": "MANUAL", "approvalMethod": "OR"},
    "activityActioners": [{"userId": "wang", "name": "王五", "avatar": "https://x"}],
}
NOTIFIED: dict[str, Any] = {
    "activityId": "90bd_22ab",
    "prevActivityId": "7a01_11ee",
    "activityName": "抄送人",
    "activityType": "target_select",
    "isTargetSelect": True,
    "workflowActor": {
        "actorType": "notifier",
        "allowedMulti": True,
        "required": False,
        "actorSelectionRange": {},
    },
    "activityActioners": [],
}
PATH = ["1918_5cd3", "7a01_11ee", "90bd_22ab"]


def without_previous(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if key != "prevActivityId"}


def forecast(dingtalk: ScriptedDingTalk, client: DingTalkClient, **result: Any) -> Forecast:
    dingtalk.answer(FORECAST, {"result": {"isForecastSuccess": True, "isStaticWorkflow": True, **result}})
    return client.instances.forecast(
        process_code="PROC-1", originator_user_id="bob", department_id=-1, values=[FieldValue("a", "b")]
    )


def test_the_three_kinds_of_node_are_told_apart(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    found = forecast(dingtalk, client, workflowActivityRules=[SELECT, FIXED, NOTIFIED])
    select, fixed, notified = found.nodes
    assert (found.is_success, found.is_static) == (True, True)
    assert select == FlowNode(
        activity_id="1918_5cd3",
        name="审批人",
        activity_type="target_select",
        is_selected_by_initiator=True,
        actor_key="manual_1918_5cd3_895a_45ad",
        actor_type="approver",
        selection_type="approvals",
        candidates=(Candidate(user_id="chen", name="陈伟"),),
        roles=(("200649095", "财务"),),
        allows_several=True,
        approval_type="MANUAL",
        approval_method="AND",
        is_required=True,
        people=(),
    )
    assert (fixed.is_selected_by_initiator, fixed.actor_key, fixed.people) == (
        *(False, None),
        (Candidate(user_id="wang", name="王五"),),
    )
    assert (notified.actor_type, notified.actor_key, notified.is_required) == ("notifier", None, False)
    assert (notified.candidates, notified.roles) == ((), ())
    assert dingtalk.requests_to(FORECAST)[0].body == {
        "processCode": "PROC-1",
        "userId": "bob",
        "deptId": -1,
        "formComponentValues": [{"name": "a", "value": "b"}],
    }


@pytest.mark.parametrize("rules", list(itertools.permutations([SELECT, FIXED, NOTIFIED])))
@pytest.mark.parametrize("by_edges", [True, False])
def test_nodes_come_in_the_order_of_the_path(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, rules: Any, by_edges: bool
) -> None:
    edges = [
        {"activityId": "7a01_11ee", "outId": "90bd_22ab"},
        {"activityId": "1918_5cd3", "outId": "7a01_11ee"},
    ]
    if by_edges:
        rules, more = [without_previous(rule) for rule in rules], {"workflowForecastNodes": edges}
    else:
        rules, more = list(rules), {}
    found = forecast(dingtalk, client, workflowActivityRules=rules, **more)
    assert [node.activity_id for node in found.nodes] == PATH


def test_without_any_edges_the_given_order_stays(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    rules = [without_previous(rule) for rule in (NOTIFIED, SELECT, FIXED)]
    found = forecast(dingtalk, client, workflowActivityRules=rules)
    assert [node.activity_id for node in found.nodes] == ["90bd_22ab", "1918_5cd3", "7a01_11ee"]


def test_a_path_that_runs_in_a_circle_loses_no_node(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    edges = [{"activityId": "90bd_22ab", "outId": "1918_5cd3"}]
    found = forecast(
        dingtalk, client, workflowActivityRules=[SELECT, FIXED, NOTIFIED], workflowForecastNodes=edges
    )
    assert [node.activity_id for node in found.nodes] == PATH


def test_nodes_without_an_id_are_not_lost(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    nameless = {key: value for key, value in FIXED.items() if key != "activityId"}
    found = forecast(dingtalk, client, workflowActivityRules=[nameless, nameless])
    assert [node.name for node in found.nodes] == ["主管", "主管"]


@pytest.mark.parametrize("success", [False, "false", None])
def test_a_forecast_that_failed_says_so(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, success: Any
) -> None:
    found = forecast(dingtalk, client, isForecastSuccess=success, workflowActivityRules=None)
    assert (found.is_success, found.nodes) == (False, ())


@pytest.mark.parametrize(
    "rule",
    [
        {**SELECT, "isTargetSelect": False},
        {**SELECT, "activityType": "x"},
        {**SELECT, "isTargetSelect": "true"},
    ],
    ids=["by type", "by flag", "by a flag in words"],
)
def test_either_sign_of_a_self_selected_node_is_enough(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, rule: Any
) -> None:
    assert forecast(dingtalk, client, workflowActivityRules=[rule]).nodes[0].is_selected_by_initiator


def test_a_bare_node_is_read_without_a_crash(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    (node,) = forecast(
        dingtalk, client, workflowActivityRules=[{"activityId": "x", "workflowActor": None}]
    ).nodes
    assert (node.activity_type, node.is_selected_by_initiator, node.people) == ("", False, ())
