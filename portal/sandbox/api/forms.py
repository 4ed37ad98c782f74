"""Templates: create, update, read, find (DingTalk: create-an-approval-form-template, obtain-the-form-schema)."""

from __future__ import annotations

import json
from typing import Any

from portal.sandbox.api.errors import ApiError, refused
from portal.sandbox.api.form_rules import check_form
from portal.sandbox.api.gate import Call
from portal.sandbox.approval import designing
from portal.sandbox.approval.templates import (
    TemplateRefused,
    all_templates,
    change_form,
    find_template,
    new_template,
    publish,
    template_named,
)
from portal.sandbox.clock import minute_text
from portal.sandbox.tables import Person, Template

LARGEST_PAGE = 100


def save_form(call: Call) -> dict[str, Any]:
    """Create a template, or update the one named by ``processCode``."""
    check_form(call.body)
    code = call.body.get("processCode")
    if not code:
        return {"result": {"processCode": _create(call).process_code}}
    template = find_template(call.session, code)
    if template is None:
        raise refused("processcode.error", "审批模板不存在")
    _update(call, template)
    return {"result": {"processCode": template.process_code}}


def read_schema(call: Call) -> dict[str, Any]:
    """The read shape differs from the write shape, and options come as JSON texts."""
    code = call.args.get("processCode")
    if not code:
        raise refused("invalidParameter", "参数错误：processCode")
    template = find_template(call.session, code)
    if template is None:
        raise refused("aflowProcessCodeIsError", "审批模板的processCode错误")
    return {"result": schema_of(template)}


def find_process_code(call: Call) -> dict[str, Any]:
    """Exact name to process code (DingTalk: obtain-the-template-code)."""
    template = template_named(call.session, call.args.get("name", ""))
    if template is None:
        raise refused("process.error", "模板不存在")
    return {
        "result": {"processCode": template.process_code, "gmtModified": minute_text(template.modified_at)}
    }


def manageable(call: Call) -> dict[str, Any]:
    """Templates an OA administrator may manage; nothing for everybody else."""
    person = call.session.get(Person, call.args.get("userId", ""))
    if person is None:
        raise refused("userNotExist", "用户不存在")
    templates = all_templates(call.session) if person.is_admin else []
    rows = [
        {
            "flowTitle": template.name,
            "processCode": template.process_code,
            "iconName": "common",
            "iconUrl": icon_url(call.sandbox.config.public_url),
            "newProcess": True,
            "gmtModified": minute_text(template.modified_at),
            "attendanceType": 0,
        }
        for template in templates
    ]
    return {"result": rows, "success": True}


def visible(call: Call) -> dict[str, Any]:
    """A page of the templates somebody sees; without ``userId`` all of the organisation."""
    size, start = _page(call)
    userid = call.args.get("userId")
    templates = [
        template
        for template in all_templates(call.session)
        if template.status == "PUBLISHED" and (userid is None or is_visible(template, userid))
    ]
    rows = [
        {
            "name": template.name,
            "processCode": template.process_code,
            "url": f"{call.sandbox.config.public_url}/console/templates/{template.process_code}",
            "iconUrl": icon_url(call.sandbox.config.public_url),
            "dirId": "other",
            "dirName": "其他",
        }
        for template in templates[start : start + size]
    ]
    answer: dict[str, Any] = {"processList": rows}
    if start + size < len(templates):
        answer["nextToken"] = start + size
    return {"result": answer}


def is_visible(template: Template, userid: str) -> bool:
    """Whether ``userid`` is in the template's visibility range."""
    return template.visible_to is None or userid in template.visible_to


def icon_url(public_url: str) -> str:
    """The icon every template has."""
    return f"{public_url}/static/sandbox.svg"


def schema_of(template: Template) -> dict[str, Any]:
    """A template as the schema call shows it."""
    return {
        "creatorUserId": template.creator_userid,
        "gmtCreate": minute_text(template.created_at),
        "gmtModified": minute_text(template.modified_at),
        "formUuid": f"FORM-{template.process_code[5:]}",
        "formCode": template.process_code,
        "appUuid": "ORG_sandbox",
        "appType": 0,
        "bizType": "",
        "engineType": 0,
        "name": template.name,
        "memo": template.description,
        "icon": "common",
        "listOrder": 0,
        "ownerIdType": "orgId",
        "procType": "inner",
        "status": template.status,
        "visibleRange": "ALL" if template.visible_to is None else "PART",
        "customSetting": "{}",
        "schemaContent": {
            "title": template.name,
            "icon": "common",
            "items": [_item(component) for component in template.components],
        },
    }


def _item(component: dict[str, Any]) -> dict[str, Any]:
    props = component["props"]
    shown: dict[str, Any] = {
        "id": component_id(component),
        "label": props.get("label", ""),
        "bizAlias": props.get("bizAlias", ""),
        "required": bool(props.get("required", False)),
    }
    for name in ("placeholder", "unit", "format", "link"):
        if props.get(name) is not None:
            shown[name] = props[name]
    if "options" in props:
        shown["options"] = [
            json.dumps(option, ensure_ascii=False, separators=(",", ":")) for option in props["options"]
        ]
    item: dict[str, Any] = {"componentName": component["componentType"], "props": shown}
    if component.get("children"):
        item["children"] = [_child(child) for child in component["children"]]
    return item


def _child(component: dict[str, Any]) -> dict[str, Any]:
    item = _item(component)
    kept = ("id", "label", "bizAlias", "required", "options")
    item["props"] = {name: value for name, value in item["props"].items() if name in kept}
    item["props"].setdefault("options", [])
    return item


def component_id(component: dict[str, Any]) -> str:
    """The control id; a control given only a ``bizAlias`` goes by it."""
    props = component["props"]
    return str(props.get("componentId") or props.get("bizAlias") or "")


def _create(call: Call) -> Template:
    try:
        return new_template(
            call.session,
            name=call.body["name"],
            description=call.body.get("description") or "",
            components=call.body["formComponents"],
            default_flow=call.settings.default_flow,
        )
    except TemplateRefused as error:
        raise _refused(error) from error


def _update(call: Call, template: Template) -> None:
    try:
        change_form(
            call.session,
            template,
            name=call.body["name"],
            description=call.body.get("description") or "",
            components=call.body["formComponents"],
        )
    except TemplateRefused as error:
        raise _refused(error) from error
    if call.settings.update_resets_flow:
        publish(template, designing.default_flow(call.settings.default_flow))


def _refused(error: TemplateRefused) -> ApiError:
    if error.problem == "too_many":
        return refused("processes.error", "审批模板数量超过上限")
    if error.problem == "field_in_condition":
        return refused("formschema.error", "流程条件分支中已使用的表单控件不可修改或删除")
    return refused("formName.error", "已有相同名称表单")


def _page(call: Call) -> tuple[int, int]:
    try:
        size, start = int(call.args.get("maxResults", "100")), int(call.args.get("nextToken", "0"))
    except ValueError as error:
        raise refused("invalidParameter", "参数错误：maxResults、nextToken") from error
    if not 1 <= size <= LARGEST_PAGE or start < 0:
        raise refused("invalidParameter", "参数错误：maxResults、nextToken")
    return size, start
