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
    if not _is_text(body.get("description"), longest=LONGEST_DESCRIPTION):
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
    if not isinstance(kind, str) or kind not in COMPONENT_TYPES:
        raise _malformed(f"不支持的控件类型：{kind}")
    _check_identity(props, seen)
    _check_texts(props, is_labelled=kind != "TextNote")
    if kind in CHOICES:
        _check_options(props.get("options"), label=str(props["label"]))
    children = component.get("children") or []
    if not isinstance(children, list):
        raise _malformed(f"子控件不合法：{props.get('label')}")
    for child in children:
        _check_component(child, seen)


def _check_identity(props: dict[str, Any], seen: set[str]) -> None:
    identity = props.get("componentId") or props.get("bizAlias")
    if not isinstance(identity, str) or len(identity) > LONGEST_ID:
        raise _malformed("控件componentId不合法")
    if not _is_text(props.get("bizAlias"), longest=LONGEST_ID):
        raise _malformed(f"控件bizAlias不合法：{identity}")
    if identity in seen:
        raise _malformed(f"控件componentId重复：{identity}")
    seen.add(identity)


def _check_texts(props: dict[str, Any], *, is_labelled: bool) -> None:
    label = props.get("label")
    if not _is_text(label, longest=LONGEST_NAME) or (is_labelled and not label):
        raise _malformed("控件名称不能为空")
    # The labels of range controls are JSON lists of two names.
    if label and not label.startswith("[") and len(label) > LONGEST_LABEL:
        raise _malformed(f"控件名称超过20个字符：{label}")
    if not _is_text(props.get("placeholder"), longest=LONGEST_PLACEHOLDER):
        raise _malformed(f"控件提示超过128个字符：{label}")


def _is_text(value: Any, *, longest: int) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= longest)


def _check_options(options: Any, *, label: str) -> None:
    is_list = isinstance(options, list) and bool(options)
    if not is_list or not all(
        isinstance(option, dict) and _is_filled(option.get("key")) and _is_filled(option.get("value"))
        for option in options
    ):
        raise _malformed(f"控件选项不合法：{label}")


def _is_filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _malformed(message: str) -> ApiError:
    return refused("formschema.error", message)
