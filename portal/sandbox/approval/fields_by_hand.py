"""Form fields as an administrator makes them by hand (DingTalk: oa-formcomponent-message)."""

from __future__ import annotations

import json
import secrets
from typing import Any

from portal.sandbox.approval.templates import TemplateRefused

FIELD_TYPES = (
    "TextField",
    "TextareaField",
    "NumberField",
    "MoneyField",
    "DDSelectField",
    "DDMultiSelectField",
    "DDDateField",
    "DDDateRangeField",
    "InnerContactField",
    "DepartmentField",
    "PhoneField",
    "AddressField",
    "StarRatingField",
    "DDPhotoField",
    "DDAttachment",
    "RelateField",
    "TimeAndLocationField",
    "TableField",
    "TextNote",
)
CHOICES = ("DDSelectField", "DDMultiSelectField")
RANGES = ("DDDateRangeField", "TimeAndLocationField")
LONGEST_LABEL, LONGEST_NOTE = 20, 200


def components_from_lines(text: str) -> list[dict[str, Any]]:
    """One field a line: ``Label``, ``Label*`` when required, ``Label: one, two`` for a choice.

    Raises ``TemplateRefused("fields")`` when there is none, or a label is longer than 20 characters.
    """
    found = [_from_line(line.strip()) for line in text.splitlines() if line.strip()]
    if not found:
        raise TemplateRefused("fields")
    return found


def component(
    *, kind: str, label: str, options: str = "", is_required: bool = False, component_id: str = ""
) -> dict[str, Any]:
    """One field in the shape the API writes. ``options`` are parted by commas, as are the two labels of a range.

    Without ``component_id`` a new one is made. Raises ``TemplateRefused("fields")``.
    """
    longest = LONGEST_NOTE if kind == "TextNote" or kind in RANGES else LONGEST_LABEL
    if kind not in FIELD_TYPES or not label.strip() or len(label.strip()) > longest:
        raise TemplateRefused("fields")
    props: dict[str, Any] = {
        "componentId": component_id or f"{kind}-{secrets.token_hex(4).upper()}",
        "label": _label(kind, label.strip()),
        "required": is_required,
    }
    if kind in CHOICES:
        props["options"] = _options(options)
    made: dict[str, Any] = {"componentType": kind, "props": props}
    if kind == "TableField":
        column = {"componentId": f"{props['componentId']}-1", "label": props["label"], "required": False}
        made["children"] = [{"componentType": "TextField", "props": column}]
    return made


def label_as_typed(shown: dict[str, Any]) -> str:
    """The label of a field for its input box; a range's two are joined by a comma."""
    label = str(shown["props"].get("label", ""))
    if shown["componentType"] not in RANGES:
        return label
    try:
        parts = json.loads(label)
    except ValueError:
        return label
    return ", ".join(map(str, parts)) if isinstance(parts, list) else label


def _label(kind: str, label: str) -> str:
    if kind not in RANGES or label.startswith("["):
        return label
    parts = _parted(label)
    return json.dumps(parts if len(parts) > 1 else [f"{label} 1", f"{label} 2"], ensure_ascii=False)


def _options(text: str) -> list[dict[str, str]]:
    offered = _parted(text)
    if not offered:
        raise TemplateRefused("fields")
    return [{"key": f"option_{index}", "value": option} for index, option in enumerate(offered)]


def _parted(text: str) -> list[str]:
    return [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]


def _from_line(line: str) -> dict[str, Any]:
    label, _colon, offered = line.replace("：", ":").partition(":")
    return component(
        kind="DDSelectField" if _parted(offered) else "TextField",
        label=label.strip().rstrip("*"),
        options=offered,
        is_required=label.strip().endswith("*"),
    )
