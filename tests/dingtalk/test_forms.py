"""Templates: written in one shape, read in several, found by name without a fuss."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.failures import DingTalkError, FailureClass, Retry
from portal.dingtalk.forms import FormComponent, FormField, ManageableTemplate, VisibleTemplate
from tests.dingtalk.scripted import ScriptedDingTalk

FORMS = "/v1.0/workflow/forms"
SCHEMA = "/v1.0/workflow/forms/schemas/processCodes"
NAMES = "/v1.0/workflow/processCentres/schemaNames/processCodes"
MANAGEABLE = "/v1.0/workflow/processes/managements/templates"
VISIBLE = "/v1.0/workflow/processes/userVisibilities/templates"
COMPONENTS = (
    FormComponent(
        kind="TextField",
        component_id="TextField-number",
        label="Request number",
        required=True,
        placeholder="Auto",
    ),
    FormComponent(
        kind="DDSelectField", component_id="DDSelectField-level", label="级别", options=("只读", "读写")
    ),
)


def schema(items: Any, **more: Any) -> dict[str, Any]:
    result = {
        "name": "Access",
        "formCode": "PROC-1",
        "status": "PUBLISHED",
        "gmtModified": "2026-01-03T10:00Z",
    }
    return {"result": {**result, "schemaContent": {"title": "Title", "items": items}, **more}}


def test_a_template_is_created_in_dingtalks_shape(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(FORMS, {"result": {"processCode": "PROC-1"}})
    assert client.forms.save(name="Access", description="By the portal", components=COMPONENTS) == "PROC-1"
    (request,) = dingtalk.requests_to(FORMS)
    assert request.method == "POST"
    assert request.body == {
        "name": "Access",
        "description": "By the portal",
        "formComponents": [
            {
                "componentType": "TextField",
                "props": {
                    "componentId": "TextField-number",
                    "label": "Request number",
                    "required": True,
                    "placeholder": "Auto",
                },
            },
            {
                "componentType": "DDSelectField",
                "props": {
                    "componentId": "DDSelectField-level",
                    "label": "级别",
                    "required": False,
                    "options": [{"key": "option_0", "value": "只读"}, {"key": "option_1", "value": "读写"}],
                },
            },
        ],
    }


@pytest.mark.parametrize(
    ("process_code", "operation"),
    [(None, "createOaApprovalTemplate"), ("PROC-1", "updateOaApprovalTemplate")],
)
def test_a_name_that_is_taken_is_told_for_the_operation_at_hand(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, process_code: str | None, operation: str
) -> None:
    dingtalk.answer(FORMS, {"code": "formName.error", "message": "已有相同名称表单"}, status=400)
    with pytest.raises(DingTalkError) as caught:
        client.forms.save(name="Access", description="", components=COMPONENTS, process_code=process_code)
    assert (caught.value.operation, caught.value.failure) == (operation, FailureClass.TEMPLATE_NAME_TAKEN)
    assert dingtalk.requests_to(FORMS)[0].body.get("processCode") == process_code


def test_a_saved_template_without_a_process_code_is_outcome_unknown(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(FORMS, {"result": {}})
    with pytest.raises(DingTalkError) as caught:
        client.forms.save(name="Access", description="", components=COMPONENTS)
    assert caught.value.retry is Retry.OUTCOME_UNKNOWN


OPTION = {"key": "option_0", "value": "只读"}


@pytest.mark.parametrize(
    "options",
    [
        ["只读", "读写"],
        [OPTION, {"key": "option_1", "value": "读写"}],
        [json.dumps(OPTION), '{"key":"option_1","value":"读写"}'],
        ["只读", '{"key":"option_1","value":"读写"}'],
        json.dumps(["只读", "读写"]),
    ],
    ids=["plain", "objects", "objects as text", "mixed", "list as text"],
)
def test_options_are_read_in_every_shape(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, options: Any
) -> None:
    props = {"id": "DDSelectField-level", "label": "级别", "required": True, "options": options}
    dingtalk.answer(SCHEMA, schema([{"componentName": "DDSelectField", "props": props}]))
    assert client.forms.read_schema("PROC-1").fields == (
        FormField(
            component_id="DDSelectField-level",
            label="级别",
            kind="DDSelectField",
            required=True,
            options=("只读", "读写"),
        ),
    )


@pytest.mark.parametrize("text", ["{}", "[1]", "{not json", '{"key": "a"}', "123", "true", "null", ""])
def test_an_option_that_only_looks_like_json_is_plain_text(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, text: str
) -> None:
    dingtalk.answer(
        SCHEMA, schema([{"componentName": "DDSelectField", "props": {"id": "x", "options": [text]}}])
    )
    assert client.forms.read_schema("PROC-1").fields[0].options == (text,)


@pytest.mark.parametrize(
    "item",
    [
        {"componentName": "TextField", "props": {"id": "T-1", "label": "单号", "required": True}},
        {"componentType": "TextField", "props": {"componentId": "T-1", "label": "单号", "required": "true"}},
        {"componentType": "TextField", "id": "T-1", "name": "单号", "required": True},
        {"componentName": "TextField", "id": "T-1", "label": "单号", "required": True, "props": {}},
    ],
    ids=["read shape", "write shape", "flat", "mixed"],
)
def test_a_field_is_read_from_both_places(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, item: Any
) -> None:
    dingtalk.answer(SCHEMA, schema([item]))
    (field,) = client.forms.read_schema("PROC-1").fields
    assert field == FormField(component_id="T-1", label="单号", kind="TextField", required=True)


def test_children_are_flagged_and_array_labels_become_the_text_to_submit(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    table = {
        "componentName": "TableField",
        "props": {"id": "TableField-1", "label": "明细"},
        "children": [{"componentName": "TextField", "props": {"id": "TextField-c1", "label": "资源"}}],
    }
    dates = {"componentName": "DDDateRangeField", "props": {"id": "D-1", "label": ["开始时间", "结束时间"]}}
    dingtalk.answer(SCHEMA, schema([table, dates]))
    fields = client.forms.read_schema("PROC-1").fields
    assert [(field.label, field.is_nested) for field in fields] == [
        ("明细", False),
        ("资源", True),
        ('["开始时间","结束时间"]', False),
    ]


def test_a_group_is_a_frame_around_ordinary_fields(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    inner = {"componentName": "TextField", "props": {"id": "T-1", "label": "Reason", "maxLength": 50}}
    group = {"componentName": "FieldGroup", "props": {"id": "G-1", "label": "More"}, "children": [inner]}
    dingtalk.answer(SCHEMA, schema([group]))
    frame, field = client.forms.read_schema("PROC-1").fields
    assert (frame.kind, field.label, field.is_nested, field.longest) == ("FieldGroup", "Reason", False, 50)


@pytest.mark.parametrize(
    ("props", "asks_for_time"),
    [
        ({}, False),
        ({"format": "yyyy-MM-dd", "unit": "天"}, False),
        ({"format": "yyyy-MM-dd HH:mm"}, True),
        ({"unit": "小时"}, True),
    ],
)
def test_a_date_that_asks_for_its_time_is_told(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, props: dict[str, str], asks_for_time: bool
) -> None:
    item = {"componentName": "DDDateField", "props": {"id": "D-1", "label": "Until", **props}}
    dingtalk.answer(SCHEMA, schema([item]))
    (field,) = client.forms.read_schema("PROC-1").fields
    assert field.asks_for_time is asks_for_time


def test_a_schema_names_its_template_and_state(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(SCHEMA, schema([], status="INVALID"))
    read = client.forms.read_schema("PROC-1")
    assert (read.name, read.process_code, read.status) == ("Access", "PROC-1", "INVALID")
    assert read.modified_at_text == "2026-01-03T10:00Z"
    assert dingtalk.requests_to(SCHEMA)[0].query == {"processCode": "PROC-1"}


@pytest.mark.parametrize(
    "content", [None, "", "not json", {}, {"items": None}, {"items": [None, 7, "x"]}], ids=str
)
def test_a_schema_without_fields_is_empty_and_no_crash(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, content: Any
) -> None:
    dingtalk.answer(SCHEMA, {"result": {"schemaContent": content}})
    read = client.forms.read_schema("PROC-1")
    assert (read.fields, read.process_code) == ((), "PROC-1")


def test_a_template_is_found_by_its_exact_name(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(NAMES, {"result": {"processCode": "PROC-1", "gmtModified": "2026-01-03"}})
    assert client.forms.find_process_code("权限 申请 & more") == "PROC-1"
    assert dingtalk.requests_to(NAMES)[0].query == {"name": "权限 申请 & more"}


def test_a_name_nobody_uses_is_none_but_other_failures_are_raised(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(NAMES, {"code": "process.error", "message": "模板不存在"}, status=400)
    dingtalk.answer(NAMES, {"code": "system.error", "message": "x"}, status=500)
    assert client.forms.find_process_code("Access") is None
    with pytest.raises(DingTalkError):
        client.forms.find_process_code("Access")


def test_manageable_templates_are_listed(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    entry = {
        "flowTitle": "Access",
        "processCode": "PROC-1",
        "iconUrl": "https://x/i.png",
        "gmtModified": "2026-01-03",
    }
    dingtalk.answer(MANAGEABLE, {"result": [entry], "success": True})
    assert client.forms.manageable("alice") == (
        ManageableTemplate(
            name="Access", process_code="PROC-1", icon_url="https://x/i.png", modified_at_text="2026-01-03"
        ),
    )
    assert dingtalk.requests_to(MANAGEABLE)[0].query == {"userId": "alice"}


def test_nothing_to_manage_is_an_empty_list(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(MANAGEABLE, {"result": [], "success": True})
    assert client.forms.manageable("dora") == ()


@pytest.mark.parametrize("end", [0, "0", None, "", 100], ids=str)
def test_visible_templates_are_walked_to_the_end(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, end: Any
) -> None:
    first = {"processList": [{"name": "A", "processCode": "PROC-1", "iconUrl": ""}], "nextToken": 100}
    last = {"processList": [{"name": "B", "processCode": "PROC-2"}], "nextToken": end}
    dingtalk.answer(VISIBLE, {"result": first})
    dingtalk.answer(VISIBLE, {"result": last})
    assert client.forms.visible("bob") == (
        VisibleTemplate(name="A", process_code="PROC-1", icon_url=None),
        VisibleTemplate(name="B", process_code="PROC-2", icon_url=None),
    )
    assert [seen.query for seen in dingtalk.requests_to(VISIBLE)] == [
        {"userId": "bob", "maxResults": "100", "nextToken": "0"},
        {"userId": "bob", "maxResults": "100", "nextToken": "100"},
    ]


def test_without_a_person_all_templates_are_asked_for(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(VISIBLE, {"result": {"processList": []}})
    assert client.forms.visible() == ()
    assert "userId" not in dingtalk.requests_to(VISIBLE)[0].query
