"""What DingTalk refuses about a form (DingTalk: oa-formcomponent-message)."""

from __future__ import annotations

from typing import Any

from portal.sandbox.api.errors import ApiError, refused

COMPONENT_TYPES = frozenset(
    {
        "TextField",
        "TextareaField",
        "NumberField",
        "MoneyField",
        "DDSelectField",
        "DDMultiSelectField",
        "DDDateField",
        "DDDateRangeField",
        "TextNote",
        "DDPhotoField",
        "DDAttachment",
        "TableField",
        "InnerContactField",
        "DepartmentField",
        "RelateField",
        "AddressField",
        "StarRatingField",
        "PhoneField",
        "TimeAndLocationField",
    }
)
CHOICES = ("DDSelectField", "DDMultiSelectField")
LONGEST_NAME, LONGEST_DESCRIPTION, MOST_COMPONENTS = 200, 300, 200
LONGEST_LABEL, LONGEST_ID, LONGEST_PLACEHOLDER = 20, 64, 128


def check_form(body: dict[str, Any]) -> None:
    """Raise ``ApiError`` (``formName.error`` or ``formschema.error``) for a form DingTalk would not take."""
    name, components = body.get("name"), body.get("formComponents")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise refused("formName.error", "表单名称不合法")
    if len(body.get("description") or "") > LONGEST_DESCRIPTION:
        raise _malformed("表单描述超过300个字符")
    if not isinstance(components, list) or not 1 <= len(components) <= MOST_COMPONENTS:
        raise _malformed("表单控件数量不合法")
    seen: set[str] = set()
    for component in components:
        _check_component(component, seen)


def _check_component(component: Any, seen: set[str]) -> None:
    if not isinstance(component, dict) or not isinstance(component.get("props"), dict):
        raise _malformed("控件缺少props")
    kind, props = component.get("componentType"), component["props"]
    if kind not in COMPONENT_TYPES:
        raise _malformed(f"不支持的控件类型：{kind}")
    identity = props.get("componentId") or props.get("bizAlias")
    if not isinstance(identity, str) or len(identity) > LONGEST_ID:
        raise _malformed("控件componentId不合法")
    if identity in seen:
        raise _malformed(f"控件componentId重复：{identity}")
    seen.add(identity)
    label = props.get("label")
    if kind != "TextNote" and (not isinstance(label, str) or not label):
        raise _malformed(f"控件名称不能为空：{identity}")
    # The labels of range controls are JSON lists of two names.
    if isinstance(label, str) and not label.startswith("[") and len(label) > LONGEST_LABEL:
        raise _malformed(f"控件名称超过20个字符：{label}")
    if len(str(props.get("placeholder") or "")) > LONGEST_PLACEHOLDER:
        raise _malformed(f"控件提示超过128个字符：{label}")
    if kind in CHOICES:
        _check_options(props.get("options"), label=str(label))
    for child in component.get("children") or []:
        _check_component(child, seen)


def _check_options(options: Any, *, label: str) -> None:
    is_list = isinstance(options, list) and bool(options)
    if not is_list or not all(
        isinstance(option, dict) and option.get("key") and option.get("value") for option in options
    ):
        raise _malformed(f"控件选项不合法：{label}")


def _malformed(message: str) -> ApiError:
    return refused("formschema.error", message)
