"""Templates are written in one shape, read in another, and refused where DingTalk refuses them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .caller import LEVEL, REASON, TEXT, Caller


def save(caller: Caller, **body: Any) -> dict[str, Any]:
    return dict(caller.new("POST", "workflow/forms", json=body).json())


def field(label: str, identity: str, **more: Any) -> dict[str, Any]:
    return {"componentType": "TextField", "props": {"componentId": identity, "label": label, **more}}


def test_the_read_shape_is_not_the_write_shape(caller: Caller) -> None:
    code = caller.make_template()
    query = {"processCode": code}
    schema = caller.new("GET", "workflow/forms/schemas/processCodes", params=query).json()["result"]
    items = schema["schemaContent"]["items"]
    assert [(item["componentName"], item["props"]["id"]) for item in items] == [
        ("TextField", "TextField-number"),
        ("DDSelectField", "DDSelectField-level"),
        ("TextareaField", "TextareaField-why"),
    ]
    assert [json.loads(option)["value"] for option in items[1]["props"]["options"]] == ["view", "edit"]
    assert (schema["name"], schema["status"]) == ("Access", "PUBLISHED")


def test_an_update_keeps_the_code_and_drops_what_is_not_sent(caller: Caller) -> None:
    code = caller.make_template()
    answer = save(caller, processCode=code, name="Access", formComponents=[TEXT, REASON])
    assert answer == {"result": {"processCode": code}}
    assert caller.control("GET", "templates")["templates"][0]["labels"] == ["单号", "Reason"]


@pytest.mark.parametrize("resets", [False, True])
def test_an_update_resets_the_flow_only_if_so_switched(caller: Caller, resets: bool) -> None:
    code = caller.make_template()
    nodes = {"nodes": [{"rule": "direct_supervisor"}]}
    caller.control("PUT", f"templates/{code}/flow", nodes)
    caller.control("PUT", "settings", {"update_resets_flow": resets})
    save(caller, processCode=code, name="Access", formComponents=[TEXT, LEVEL])
    kinds = [node["rule"] for node in caller.control("GET", "templates")["templates"][0]["nodes"]]
    assert kinds == (["selected_by_initiator"] * 2 if resets else ["direct_supervisor"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "Access", "formComponents": [TEXT]}, "formName.error"),
        ({"name": "", "formComponents": [TEXT]}, "formName.error"),
        ({"name": "N", "formComponents": [TEXT], "processCode": "PROC-NO"}, "processcode.error"),
        ({"name": "N", "formComponents": []}, "formschema.error"),
        ({"name": "N", "formComponents": [field("a" * 21, "x")]}, "formschema.error"),
        ({"name": "N", "formComponents": [field("a", "x"), field("b", "x")]}, "formschema.error"),
        ({"name": "N", "formComponents": [field("a", "x" * 65)]}, "formschema.error"),
        ({"name": "N", "formComponents": [field("a", "x", placeholder="p" * 129)]}, "formschema.error"),
        ({"name": "N", "formComponents": [{**TEXT, "componentType": "KitField"}]}, "formschema.error"),
        (
            {"name": "N", "formComponents": [{**TEXT, "componentType": "DDSelectField"}]},
            "formschema.error",
        ),
        (
            {"name": "N", "formComponents": [TEXT], "description": "d" * 301},
            "formschema.error",
        ),
    ],
)
def test_a_form_dingtalk_would_not_take_is_refused(
    caller: Caller, body: dict[str, Any], expected: str
) -> None:
    caller.make_template()
    assert save(caller, **body)["code"] == expected
    assert len(caller.control("GET", "templates")["templates"]) == 1


def test_a_name_nobody_uses_is_not_found(caller: Caller) -> None:
    path = "workflow/processCentres/schemaNames/processCodes"
    assert caller.new("GET", path, params={"name": "None"}).json()["code"] == "process.error"
    path = "workflow/forms/schemas/processCodes"
    wrong = caller.new("GET", path, params={"processCode": "PROC-NO"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "aflowProcessCodeIsError")


def test_only_oa_administrators_manage_templates(caller: Caller) -> None:
    caller.make_template()
    path = "workflow/processes/managements/templates"
    assert len(caller.new("GET", path, params={"userId": "alice"}).json()["result"]) == 1
    assert caller.new("GET", path, params={"userId": "bob"}).json()["result"] == []


def test_visible_templates_come_in_pages_that_end(caller: Caller) -> None:
    codes = [caller.make_template(name=f"T{number}") for number in range(3)]
    caller.control("PATCH", f"templates/{codes[1]}", {"visible_to": ["alice"]})
    path, seen, token = "workflow/processes/userVisibilities/templates", [], 0
    while True:
        query = {"userId": "bob", "maxResults": 1, "nextToken": token}
        page = caller.new("GET", path, params=query).json()["result"]
        seen += [entry["processCode"] for entry in page["processList"]]
        token = page.get("nextToken", 0)
        if not token:
            break
    assert seen == [codes[0], codes[2]]
