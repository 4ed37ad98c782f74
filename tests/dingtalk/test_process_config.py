"""The designed flow of an organisation with OA premium, and none where there is no premium."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alibabacloud_dingtalk.workflow_1_0 import models as workflow

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.failures import DingTalkError, FailureClass
from portal.dingtalk.operations import Operation
from portal.dingtalk.process_config import ActionerRule, Branching
from tests.dingtalk.scripted import ScriptedDingTalk

PATH = "/v1.0/workflow/premium/processes/schemas/batchQuery"
APPROVER: dict[str, Any] = {
    "type": "approver",
    "nodeId": "7a01_11ee",
    "name": "财务",
    "properties": {
        "actionerRules": [
            {
                "type": "target_approval",
                "approvals": [{"workNo": "kate", "userName": "徐凯"}],
                "isEmpty": False,
            }
        ],
        "activateType": "ALL",
        "agreeAll": False,
        "approvalType": "MANUAL",
        "noneActionerAction": "admin",
    },
}
SUPERVISOR: dict[str, Any] = {
    "type": "approver",
    "nodeId": "90bd_22ab",
    "name": "主管",
    "properties": {
        "actionerRules": [
            {
                "type": "target_formula",
                "subType": "reportLineManager",
                "formula": "ReportLineManager(c,originator,1)",
            }
        ],
        "activateType": "ONE_BY_ONE",
        "approvalType": "MANUAL",
    },
}
TREE: dict[str, Any] = {
    "type": "start",
    "nodeId": "sid-startevent",
    "childNode": {
        "type": "route",
        "nodeId": "r1",
        "name": "条件分支",
        "conditionNodes": [
            {"type": "condition", "nodeId": "c1", "childNode": APPROVER},
            {"type": "condition", "nodeId": "c2"},
        ],
        "childNode": SUPERVISOR,
    },
}


def template(**more: Any) -> dict[str, Any]:
    return {
        "processCode": "PROC-1",
        "formUuid": "FORM-1",
        "name": "Access",
        "status": "PUBLISHED",
        "schemaContent": "{}",
        "processConfig": json.dumps(TREE, ensure_ascii=False),
        **more,
    }


def test_the_designed_flow_is_read_with_all_its_branches(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(PATH, {"result": [template()]})
    config = client.process_configs.read("PROC-1")
    assert config is not None
    assert [(node.id, node.name, node.kind, node.method) for node in config.nodes] == [
        ("7a01_11ee", "财务", "approver", "OR"),
        ("90bd_22ab", "主管", "approver", "ONE_BY_ONE"),
    ]
    assert config.nodes[0].rules == (ActionerRule(type="target_approval", people=(("kate", "徐凯"),)),)
    assert config.nodes[1].rules[0].sub_type == "reportLineManager"
    assert config.branchings == (Branching(id="r1", name="条件分支", kind="route"),)
    assert dingtalk.requests_to(PATH)[0].body == {"processCodes": ["PROC-1"]}


def test_the_official_model_reads_the_same_answer(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    body = {"result": [template()]}
    model = workflow.PremiumQuerySchemaAndProcessByCodeListResponseBody().from_map(body)
    assert model.to_map() == body
    dingtalk.answer(PATH, model.to_map())
    assert client.process_configs.read("PROC-1") is not None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied"),
        (400, "benefit.status.invalid"),
        (400, "benefitStatusInvalid"),
    ],
)
def test_without_premium_there_is_none_and_no_failure(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, status: int, code: str
) -> None:
    dingtalk.answer(PATH, {"code": code, "message": "no"}, status=status)
    assert client.process_configs.read("PROC-1") is None


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (400, "processNotExist", FailureClass.TEMPLATE_GONE),
        (400, "oaplus.query.limit", FailureClass.THROTTLED),
        (400, "benefit.query.error", FailureClass.SERVER_TROUBLE),
    ],
)
def test_other_refusals_are_failures(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, status: int, code: str, failure: FailureClass
) -> None:
    dingtalk.answer(PATH, {"code": code, "message": "no"}, status=status)
    with pytest.raises(DingTalkError) as refused:
        client.process_configs.read("PROC-1")
    assert (refused.value.failure, refused.value.operation) == (failure, Operation.READ_PROCESS_CONFIG)


@pytest.mark.parametrize(
    "found",
    [
        [{"processCode": "PROC-2", "processConfig": json.dumps(TREE)}],
        [{"processCode": "PROC-1"}],
        [{"processCode": "PROC-1", "processConfig": "not json"}],
    ],
    ids=["another template", "no config", "an unreadable config"],
)
def test_an_answer_without_our_flow_is_none(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, found: list[dict[str, Any]]
) -> None:
    dingtalk.answer(PATH, {"result": found})
    assert client.process_configs.read("PROC-1") is None


def test_a_long_flow_is_read_to_its_end(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    tree: dict[str, Any] = {**APPROVER, "nodeId": "last"}
    for number in range(150):
        tree = {**APPROVER, "nodeId": f"n{number}", "childNode": tree}
    dingtalk.answer(PATH, {"result": [template(processConfig=json.dumps(tree))]})
    config = client.process_configs.read("PROC-1")
    assert config is not None
    assert (len(config.nodes), config.nodes[-1].id) == (151, "last")
