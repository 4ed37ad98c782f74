"""Templates as an administrator makes, changes, copies, disables and deletes them, and what the API then says."""

from __future__ import annotations

from typing import Any

import pytest

from .caller import LEVEL, REASON, TEXT, Caller

SCHEMA = "workflow/forms/schemas/processCodes"


def schema(caller: Caller, code: str) -> dict[str, Any]:
    return dict(caller.new("GET", SCHEMA, params={"processCode": code}).json())


def labels(caller: Caller, code: str) -> list[str]:
    items = schema(caller, code)["result"]["schemaContent"]["items"]
    return [item["props"]["label"] for item in items]


@pytest.fixture
def code(caller: Caller) -> str:
    made = caller.control("POST", "templates", {"name": "By hand", "components": [TEXT, LEVEL, REASON]})
    return str(made["process_code"])


def test_a_template_made_by_hand_is_manageable_and_starts(caller: Caller, code: str) -> None:
    listed = caller.new("GET", "workflow/processes/managements/templates", params={"userId": "alice"})
    assert [each["flowTitle"] for each in listed.json()["result"]] == ["By hand"]
    assert caller.detail(caller.start(code))["status"] == "RUNNING"


def test_a_field_renamed_keeps_its_id_and_its_old_name_is_refused(caller: Caller, code: str) -> None:
    renamed = {**TEXT, "props": {**TEXT["props"], "label": "Number"}}
    body = caller.start_body(code)
    caller.control("PUT", f"templates/{code}/form", {"components": [renamed, LEVEL, REASON]})
    assert labels(caller, code) == ["Number", "Level", "Reason"]
    first = schema(caller, code)["result"]["schemaContent"]["items"][0]
    assert first["props"]["id"] == "TextField-number"
    answer = caller.new("POST", "workflow/processInstances", json=body)
    assert answer.json()["code"] == "formConverterError"


def test_a_deleted_template_is_unknown_and_its_name_free_but_its_instances_live(
    caller: Caller, code: str
) -> None:
    instance, body = caller.start(code), caller.start_body(code)
    assert caller.control("DELETE", f"templates/{code}")["templates"] == []
    assert schema(caller, code)["code"] == "aflowProcessCodeIsError"
    answer = caller.new("POST", "workflow/processInstances", json=body)
    assert answer.json()["code"] == "processCodeError"
    named = caller.new("GET", "workflow/processCentres/schemaNames/processCodes", params={"name": "By hand"})
    assert named.json()["code"] == "process.error"
    caller.act(instance, person="chen", action="agree")
    assert caller.detail(instance)["result"] == "agree"
    assert caller.make_template(name="By hand") != code


def test_a_copy_has_the_form_and_the_flow_with_keys_of_its_own(caller: Caller, code: str) -> None:
    assert caller.control("POST", f"templates/{code}/copy", {"name": "By hand"})["error"] == "name_taken"
    copy = caller.control("POST", f"templates/{code}/copy", {"name": "A copy"})
    assert labels(caller, copy["process_code"]) == labels(caller, code)
    first = caller.control("GET", "templates")["templates"][0]["nodes"][0]
    assert first["rule"] == copy["nodes"][0]["rule"]
    assert first["actor_key"] != copy["nodes"][0]["actor_key"]


def test_a_field_that_decides_the_way_can_neither_go_nor_change_its_type(caller: Caller, code: str) -> None:
    node = {"rule": "direct_supervisor", "when": {"Level": ["edit"]}}
    caller.control("PUT", f"templates/{code}/flow", {"nodes": [node]})
    body = {"processCode": code, "name": "By hand", "formComponents": [TEXT, REASON]}
    refused = caller.new("POST", "workflow/forms", json=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "formschema.error")
    gone = caller.control("PUT", f"templates/{code}/form", {"components": [TEXT]})
    assert gone["error"] == "field_in_condition"
    kept = caller.control("PUT", f"templates/{code}/form", {"components": [LEVEL]})
    assert kept["labels"] == ["Level"]


@pytest.mark.parametrize("components", [None, [], "x", [{"componentType": "Nothing", "props": {}}]])
def test_a_form_dingtalk_would_not_take_is_not_made(caller: Caller, components: Any) -> None:
    body = {"name": "Odd", "components": components}
    assert "error" in caller.control("POST", "templates", body)
    assert caller.control("GET", "templates")["templates"] == []
