"""Calls of OA premium: the designed flow of templates, countersigning and sending back."""

from __future__ import annotations

import json
from typing import Any

from portal.sandbox.api.errors import refused
from portal.sandbox.api.forms import schema_of
from portal.sandbox.api.gate import Call
from portal.sandbox.api.process_config import process_config
from portal.sandbox.approval.templates import find_template
from portal.sandbox.shapes import are_texts

MOST_CODES = 20


def check_benefit(call: Call) -> None:
    """Raise ``ApiError`` unless the organisation subscribes to OA premium."""
    if not call.settings.has_premium:
        raise refused("benefit.status.invalid", "权益校验失败，未开通OA高级版或已过期")


def schemas_with_flows(call: Call) -> dict[str, Any]:
    """Form and flow of templates; both come as JSON texts."""
    check_benefit(call)
    codes = call.body.get("processCodes")
    if not are_texts(codes) or not 1 <= len(codes) <= MOST_CODES:
        raise refused("invalidProcessCode", "无效的processCode")
    return {"result": [_entry(call, code) for code in codes], "success": True}


def _entry(call: Call, code: str) -> dict[str, Any]:
    template = find_template(call.session, code)
    if template is None:
        raise refused("processNotExist", "审批模板不存在")
    config = process_config(call.session, template, corp_id=call.sandbox.config.corp_id)
    return {
        "processCode": template.process_code,
        "formUuid": f"FORM-{template.process_code[5:]}",
        "bizCategoryId": "",
        "processId": 63657309000 + template.position,
        "appUuid": "ORG_sandbox",
        "name": template.name,
        "memo": template.description,
        "icon": "common",
        "status": template.status,
        "creatorUserId": template.creator_userid,
        "modifierUserId": template.creator_userid,
        "createTime": template.created_at,
        "modifyTime": template.modified_at,
        "schemaContent": json.dumps(schema_of(template)["schemaContent"], ensure_ascii=False),
        "processConfig": json.dumps(config, ensure_ascii=False),
    }
