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
from portal.sandbox.tables import Person, Template

LONGEST_VALUE = 65535
FREE_CHOICE_KEY = "other"


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


_CHECKS: dict[str, Callable[[Session, dict[str, Any], str], bool]] = {
    "NumberField": _is_number,
    "MoneyField": _is_number,
    "DDSelectField": _is_option,
    "DDMultiSelectField": _are_options,
    "DDDateField": _is_date,
    "DDDateRangeField": _is_date_range,
    "InnerContactField": _are_people,
}


def _offers(component: dict[str, Any], text: str) -> bool:
    options: list[dict[str, str]] = component["props"].get("options") or []
    return any(option["value"] == text or option["key"] == FREE_CHOICE_KEY for option in options)


def _json_list(text: str) -> list[Any] | None:
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, list) else None


def _read_back(component: dict[str, Any], text: str) -> dict[str, Any]:
    return {
        "id": component_id(component),
        "name": str(component["props"].get("label", "")),
        "value": text,
        "extValue": "",
        "componentType": component["componentType"],
        "bizAlias": component["props"].get("bizAlias") or "",
    }


def _wrong(label: str) -> ApiError:
    return refused("formConverterError", f"表单数据校验失败，失败控件：{label}")
