"""Values of the other field types are taken in the form DingTalk documents, and refused in any other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .caller import Caller

ROW = [{"name": "Thing", "value": "A"}]


def field(kind: str, **props: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "componentType": kind,
        "props": {"componentId": f"{kind}-1", "label": "It", "required": True, **props},
    }
    if kind == "TableField":
        column = {"componentId": "TextField-c1", "label": "Thing"}
        made["children"] = [{"componentType": "TextField", "props": column}]
    return made


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("DepartmentField", "100000002,1", "sales"),
        ("DepartmentField", "-1", '["100000002"]'),
        ("PhoneField", "+86 13800000000", "call me"),
        ("StarRatingField", "5", "6"),
        ("TableField", json.dumps([ROW, ROW]), json.dumps([{"rowValue": ROW}])),
        ("TableField", json.dumps([ROW]), json.dumps([[{"name": "Other", "value": "A"}]])),
        ("TableField", json.dumps([ROW]), json.dumps([[{"name": ["Thing"], "value": "A"}]])),
        ("RelateField", "", '["none"]'),
        ("DDPhotoField", '["https://example.com/a.png"]', "https://example.com/a.png"),
        ("InnerContactField", '["chen"]', "chen"),
        ("TimeAndLocationField", '["2026-01-03 14:27:20", 120.02, 30.28, "address", 100]', "[" * 3000),
    ],
)
def test_a_value_is_taken_in_its_own_form_only(caller: Caller, kind: str, good: str, bad: str) -> None:
    code = caller.make_template(components=[field(kind, required=bool(good))])

    def start(text: str) -> dict[str, Any]:
        body = caller.start_body(code, formComponentValues=[{"name": "It", "value": text}])
        return dict(caller.new("POST", "workflow/processInstances", json=body).json())

    assert start(bad)["code"] == "formConverterError"
    assert "instanceId" in start(good)


def test_a_table_is_read_in_another_format_than_it_is_written(caller: Caller) -> None:
    code = caller.make_template(components=[field("TableField")])
    values = [{"name": "It", "value": json.dumps([ROW])}]
    instance = caller.start(code, formComponentValues=values)
    read = json.loads(caller.detail(instance)["formComponentValues"][0]["value"])
    cells = [{"label": "Thing", "key": "TextField-c1", "value": "A"}]
    assert read == [{"rowValue": cells, "rowNumber": "1"}]
