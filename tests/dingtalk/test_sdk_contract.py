"""The official SDK as a witness: each body that we send is one that its request models know, key for key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from alibabacloud_dingtalk.contact_1_0 import models as contact
from alibabacloud_dingtalk.gateway_1_0 import models as gateway
from alibabacloud_dingtalk.oauth2_1_0 import models as oauth2
from alibabacloud_dingtalk.workflow_1_0 import models as workflow

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.failures import DingTalkError
from portal.dingtalk.forms import FormComponent
from portal.dingtalk.instances import FieldValue, SelectedActioners, StartInstance
from portal.dingtalk.sign_in import UserToken
from tests.dingtalk.scripted import TOKEN_PATH, ScriptedDingTalk

NOW = datetime(2026, 1, 2, tzinfo=UTC)
VALUES = [FieldValue("单号", "REQ-1"), FieldValue("原因", "")]
COMPONENTS = [
    FormComponent(kind="TextField", component_id="a", label="单号", required=True, placeholder="Auto"),
    FormComponent(kind="DDSelectField", component_id="b", label="级别", options=("只读", "读写")),
]


def start(**more: Any) -> StartInstance:
    return StartInstance(
        process_code="PROC-1", originator_user_id="bob", department_id=-1, values=VALUES, **more
    )


NEW_FAMILY: list[tuple[str, str, Any, Callable[[DingTalkClient], object]]] = [
    ("POST", TOKEN_PATH, oauth2.GetAccessTokenRequest, lambda client: client.fetch_token()),
    (
        "POST",
        "/v1.0/oauth2/userAccessToken",
        oauth2.GetUserTokenRequest,
        lambda client: client.sign_in.exchange("code"),
    ),
    (
        "POST",
        "/v1.0/gateway/connections/open",
        gateway.OpenConnectionRequest,
        lambda client: client.stream_gateway.open(),
    ),
    (
        "POST",
        "/v1.0/contact/users/search",
        contact.SearchUserRequest,
        lambda client: client.directory.search("李", limit=5),
    ),
    (
        "POST",
        "/v1.0/workflow/forms",
        workflow.FormCreateRequest,
        lambda client: client.forms.save(name="Access", description="d", components=COMPONENTS),
    ),
    (
        "POST",
        "/v1.0/workflow/forms",
        workflow.FormCreateRequest,
        lambda client: client.forms.save(
            name="Access", description="", components=COMPONENTS, process_code="PROC-1"
        ),
    ),
    (
        "GET",
        "/v1.0/workflow/forms/schemas/processCodes",
        workflow.QuerySchemaByProcessCodeRequest,
        lambda client: client.forms.read_schema("PROC-1"),
    ),
    (
        "GET",
        "/v1.0/workflow/processCentres/schemaNames/processCodes",
        workflow.GetProcessCodeByNameRequest,
        lambda client: client.forms.find_process_code("Access"),
    ),
    (
        "GET",
        "/v1.0/workflow/processes/managements/templates",
        workflow.GetManageProcessByStaffIdRequest,
        lambda client: client.forms.manageable("alice"),
    ),
    (
        "GET",
        "/v1.0/workflow/processes/userVisibilities/templates",
        workflow.ListUserVisibleBpmsProcessesRequest,
        lambda client: client.forms.visible("bob"),
    ),
    (
        "POST",
        "/v1.0/workflow/processes/forecast",
        workflow.ProcessForecastRequest,
        lambda client: client.instances.forecast(
            process_code="PROC-1", originator_user_id="bob", department_id=7, values=VALUES
        ),
    ),
    (
        "POST",
        "/v1.0/workflow/processInstances",
        workflow.StartProcessInstanceRequest,
        lambda client: client.instances.start(
            start(selected=(SelectedActioners(actor_key="manual_1", user_ids=("chen",)),))
        ),
    ),
    (
        "POST",
        "/v1.0/workflow/processInstances",
        workflow.StartProcessInstanceRequest,
        lambda client: client.instances.start(start(approver_user_ids=("chen", "dora"))),
    ),
    (
        "GET",
        "/v1.0/workflow/processInstances",
        workflow.GetProcessInstanceRequest,
        lambda client: client.instances.read("EC8G"),
    ),
    (
        "POST",
        "/v1.0/workflow/processes/instanceIds/query",
        workflow.ListProcessInstanceIdsRequest,
        lambda client: list(
            client.instances.list_ids(
                process_code="PROC-1",
                started_after=NOW,
                started_before=NOW,
                user_ids=["bob"],
                statuses=["RUNNING"],
            )
        ),
    ),
    (
        "POST",
        "/v1.0/workflow/premium/processes/schemas/batchQuery",
        workflow.PremiumQuerySchemaAndProcessByCodeListRequest,
        lambda client: client.process_configs.read("PROC-1"),
    ),
    (
        "POST",
        "/v1.0/workflow/processInstances/terminate",
        workflow.TerminateProcessInstanceRequest,
        lambda client: client.instances.terminate(instance_id="EC8G", operating_user_id="bob", remark="r"),
    ),
    (
        "POST",
        "/v1.0/workflow/processInstances/comments",
        workflow.AddProcessInstanceCommentRequest,
        lambda client: client.instances.comment(instance_id="EC8G", user_id="bob", text="t"),
    ),
]

OLD_FAMILY: list[tuple[str, dict[str, type], Callable[[DingTalkClient], object]]] = [
    ("/topapi/v2/user/get", {"userid": str, "language": str}, lambda client: client.directory.user("bob")),
    ("/topapi/user/getbyunionid", {"unionid": str}, lambda client: client.directory.user_id_of("z21H")),
    ("/topapi/user/listid", {"dept_id": int}, lambda client: client.directory.department_members(7)),
    (
        "/topapi/v2/department/get",
        {"dept_id": int, "language": str},
        lambda client: client.directory.department_name(7),
    ),
]


def sent(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, path: str, call: Callable[[DingTalkClient], object]
) -> Any:
    """Make a call whose answer does not matter and return what arrived."""
    dingtalk.answer(path, {"code": "needAuth", "errcode": 1, "message": "enough"}, status=400)
    with pytest.raises(DingTalkError):
        call(client)
    (request,) = dingtalk.requests_to(path)
    return request


def as_understood(model: Any, wire_values: Any) -> Any:
    """Return what the model makes of it, without the empty lists that it adds of its own accord."""
    return without_empty_lists(model().from_map(wire_values).to_map())


def without_empty_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_empty_lists(inner) for key, inner in value.items() if inner != []}
    return [without_empty_lists(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("method", "path", "model", "call"), NEW_FAMILY, ids=[f"{case[0]} {case[1]}" for case in NEW_FAMILY]
)
def test_the_official_model_knows_every_key_that_we_send(
    dingtalk: ScriptedDingTalk,
    client: DingTalkClient,
    method: str,
    path: str,
    model: Any,
    call: Callable[[DingTalkClient], object],
) -> None:
    request = sent(dingtalk, client, path, call)
    wire_values = request.body if method == "POST" else request.query
    assert request.method == method
    assert wire_values
    assert as_understood(model, wire_values) == wire_values


def test_the_witness_would_notice_an_unknown_key() -> None:
    body = {"processCode": "PROC-1", "title": "not a parameter"}
    assert as_understood(workflow.StartProcessInstanceRequest, body) != body
    nested = {"formComponents": [{"componentType": "TextField", "props": {"id": "not in this shape"}}]}
    assert as_understood(workflow.FormCreateRequest, nested) != nested


@pytest.mark.parametrize(("path", "shape", "call"), OLD_FAMILY, ids=[case[0] for case in OLD_FAMILY])
def test_the_old_family_gets_the_documented_shape(
    dingtalk: ScriptedDingTalk,
    client: DingTalkClient,
    path: str,
    shape: dict[str, type],
    call: Callable[[DingTalkClient], object],
) -> None:
    request = sent(dingtalk, client, path, call)
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert {key: type(value) for key, value in request.body.items()} == shape
    assert set(request.query) == {"access_token"}


def test_the_profile_is_asked_for_without_parameters(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    token = UserToken(access_token="user-token", corp_id=None)
    request = sent(dingtalk, client, "/v1.0/contact/users/me", lambda client: client.sign_in.profile(token))
    assert (request.method, request.body, request.query) == ("GET", None, {})


def test_fields_are_added_in_a_form_that_the_official_model_knows_every_key_of(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    read = [
        {
            "componentName": "TextNote",
            "props": {"id": "n", "label": "Note", "content": "Hi", "link": "https://x"},
        },
        {
            "componentName": "DDSelectField",
            "props": {
                "id": "s",
                "label": "级别",
                "required": True,
                "options": ['{"key":"option_0","value":"只读"}', "读写", {"key": "other", "value": "其他"}],
                "objOptions": [],
                "behaviorLinkage": {},
                "hiddenInApprovalDetail": False,
                "notPrint": "1",
            },
        },
        {"componentName": "InnerContactField", "props": {"id": "c", "label": "谁", "choice": 1}},
        {
            "componentName": "TableField",
            "props": {"id": "t", "label": "明细", "options": [], "statField": [{"id": "m", "label": "和"}]},
            "children": [
                {"componentName": "TextField", "props": {"id": "t1", "label": "资源", "options": []}}
            ],
        },
    ]
    schema = {"name": "Access", "memo": "d", "schemaContent": {"items": read}}
    dingtalk.answer("/v1.0/workflow/forms/schemas/processCodes", {"result": schema})
    dingtalk.answer("/v1.0/workflow/forms", {"result": {"processCode": "PROC-1"}})
    client.forms.add_fields("PROC-1", COMPONENTS)
    (request,) = dingtalk.requests_to("/v1.0/workflow/forms")
    assert as_understood(workflow.FormCreateRequest, request.body) == request.body
    assert request.body["processCode"] == "PROC-1"
    note, level, contact, table, *added = request.body["formComponents"]
    assert note["props"]["content"] == "Hi"
    assert level["props"]["options"] == [
        {"key": "option_0", "value": "只读"},
        {"key": "option_1", "value": "读写"},
        {"key": "other", "value": "其他"},
    ]
    assert level["props"]["print"] == "0"
    assert contact["props"]["choice"] == "1"
    assert table["children"] == [
        {"componentType": "TextField", "props": {"componentId": "t1", "label": "资源"}}
    ]
    assert [each["props"]["componentId"] for each in added] == ["a", "b"]
