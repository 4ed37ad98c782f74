"""Form values against the template (DingTalk: oa-formcomponent-message, value of each control)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.api.errors import ApiError, refused
from portal.sandbox.api.forms import component_id
from portal.sandbox.shapes import as_number, is_number
from portal.sandbox.tables import Department, Instance, Person, Template

LONGEST_VALUE = 65535
FREE_CHOICE_KEY = "other"
ROOT_IN_APPROVALS, MOST_STARS = "-1", 5


def checked_values(
    session: Session, *, template: Template, given: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The values as they are read back, in the order of the form; raises ``formConverterError``."""
    by_label = {str(entry["props"].get("label", "")): entry for entry in template.components}
    answers: dict[str, str] = {}
    for value in given:
        label = str(value["name"])
        if label not in by_label or by_label[label]["componentType"] == "TextNote":
            raise _wrong(label)
        answers[label] = _text(label, value["value"])
        if answers[label]:
            _check(session, by_label[label], text=answers[label])
    for label, component in by_label.items():
        if component["props"].get("required") and not answers.get(label) and _is_filled_in(component):
            raise _wrong(label)
    return [_read_back(by_label[label], text) for label, text in answers.items()]


def _text(label: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise _wrong(label)
    return value


def _is_filled_in(component: dict[str, Any]) -> bool:
    return str(component["componentType"]) != "TextNote"


def _check(session: Session, component: dict[str, Any], *, text: str) -> None:
    check = _CHECKS.get(component["componentType"])
    if check is not None and not check(session, component, text):
        raise _wrong(str(component["props"].get("label", "")))


def _is_number(_session: Session, _component: dict[str, Any], text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _is_option(_session: Session, component: dict[str, Any], text: str) -> bool:
    return _offers(component, text)


def _are_options(_session: Session, component: dict[str, Any], text: str) -> bool:
    chosen = _json_list(text)
    return bool(chosen) and all(_offers(component, str(entry)) for entry in chosen or [])


def _is_date(_session: Session, _component: dict[str, Any], text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?", text) is not None


def _is_date_range(session: Session, component: dict[str, Any], text: str) -> bool:
    dates = _json_list(text) or []
    return len(dates) >= 2 and all(_is_date(session, component, str(date)) for date in dates[:2])


def _are_people(session: Session, _component: dict[str, Any], text: str) -> bool:
    userids = _json_list(text)
    active = set(session.scalars(select(Person.userid).where(Person.is_active)))
    return bool(userids) and set(map(str, userids or [])) <= active


def _is_list(_session: Session, _component: dict[str, Any], text: str) -> bool:
    return bool(_json_list(text))


def _are_departments(session: Session, _component: dict[str, Any], text: str) -> bool:
    numbers = [as_number(part.strip()) for part in text.split(",")]
    known = set(session.scalars(select(Department.id)))
    return all(number in known or number == ROOT_IN_APPROVALS for number in numbers)


def _are_instances(session: Session, _component: dict[str, Any], text: str) -> bool:
    ids = _json_list(text)
    known = select(Instance.id).where(Instance.id.in_([str(each) for each in ids or []]))
    return bool(ids) and len(set(session.scalars(known))) == len(set(map(str, ids or [])))


def _is_rating(_session: Session, component: dict[str, Any], text: str) -> bool:
    most = as_number(component["props"].get("limit"))
    given = as_number(text)
    return is_number(given, lowest=0, highest=most if is_number(most) else MOST_STARS)


def _is_telephone(_session: Session, _component: dict[str, Any], text: str) -> bool:
    return re.fullmatch(r"\+?[\d -]{3,20}", text) is not None


def _are_rows(_session: Session, component: dict[str, Any], text: str) -> bool:
    labels = {str(child["props"].get("label", "")) for child in component.get("children") or []}
    rows = _json_list(text)
    return bool(rows) and all(
        isinstance(row, list)
        and all(
            isinstance(cell, dict) and str(cell.get("name")) in labels and isinstance(cell.get("value"), str)
            for cell in row
        )
        for row in rows or []
    )


_CHECKS: dict[str, Callable[[Session, dict[str, Any], str], bool]] = {
    "NumberField": _is_number,
    "MoneyField": _is_number,
    "DDSelectField": _is_option,
    "DDMultiSelectField": _are_options,
    "DDDateField": _is_date,
    "DDDateRangeField": _is_date_range,
    "InnerContactField": _are_people,
    "DepartmentField": _are_departments,
    "RelateField": _are_instances,
    "StarRatingField": _is_rating,
    "PhoneField": _is_telephone,
    "TableField": _are_rows,
    "DDPhotoField": _is_list,
    "DDAttachment": _is_list,
    "TimeAndLocationField": _is_list,
}


def _offers(component: dict[str, Any], text: str) -> bool:
    options: list[dict[str, str]] = component["props"].get("options") or []
    return any(option["value"] == text or option["key"] == FREE_CHOICE_KEY for option in options)


def _json_list(text: str) -> list[Any] | None:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, list) else None


def _read_back(component: dict[str, Any], text: str) -> dict[str, Any]:
    return {
        "id": component_id(component),
        "name": str(component["props"].get("label", "")),
        "value": _rows_read_back(component, text) if component["componentType"] == "TableField" else text,
        "extValue": "",
        "componentType": component["componentType"],
        "bizAlias": component["props"].get("bizAlias") or "",
    }


def _rows_read_back(component: dict[str, Any], text: str) -> str:
    # A table is read in another format than it is written.
    ids = {
        str(child["props"].get("label", "")): component_id(child) for child in component.get("children") or []
    }
    rows = [
        {
            "rowValue": [
                {"label": cell["name"], "key": ids[str(cell["name"])], "value": cell["value"]} for cell in row
            ],
            "rowNumber": str(number),
        }
        for number, row in enumerate(_json_list(text) or [], start=1)
    ]
    return json.dumps(rows, ensure_ascii=False)


def _wrong(label: str) -> ApiError:
    return refused("formConverterError", f"表单数据校验失败，失败控件：{label}")
