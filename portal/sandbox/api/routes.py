"""Every call of DingTalk's API that the sandbox answers, and what it says to the others."""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.sandbox.api import (
    acts,
    contacts,
    detail,
    failed_events,
    forecast,
    forms,
    listing,
    messages,
    operations,
    premium,
    premium_tasks,
    start,
    tokens,
)
from portal.sandbox.api.errors import request_id
from portal.sandbox.api.gate import json_answer, route
from portal.sandbox.stream import opening

HANDLERS = {
    operations.ACCESS_TOKEN: tokens.access_token,
    operations.GETTOKEN: tokens.gettoken,
    operations.USER_ACCESS_TOKEN: tokens.user_access_token,
    operations.CONTACT_ME: tokens.contact_me,
    operations.OPEN_CONNECTION: opening.open_connection,
    operations.SEARCH_USERS: contacts.search,
    operations.USER_BY_UNION_ID: contacts.by_union_id,
    operations.USER_GET: contacts.user_get,
    operations.USER_INFO: contacts.user_info,
    operations.DEPARTMENTS_BELOW: contacts.departments_below,
    operations.DEPARTMENT_GET: contacts.department_get,
    operations.DEPARTMENT_USERS: contacts.department_users,
    operations.ROLE_MEMBERS: contacts.role_members,
    operations.FAILED_EVENTS: failed_events.failed_events,
    operations.SEND_MESSAGE: messages.send,
    operations.MESSAGE_RESULT: messages.result,
    operations.RECALL_MESSAGE: messages.recall,
    operations.SAVE_FORM: forms.save_form,
    operations.READ_SCHEMA: forms.read_schema,
    operations.FIND_PROCESS_CODE: forms.find_process_code,
    operations.MANAGEABLE: forms.manageable,
    operations.VISIBLE: forms.visible,
    operations.FORECAST: forecast.forecast,
    operations.START_INSTANCE: start.start_instance,
    operations.READ_INSTANCE: detail.read_instance,
    operations.LIST_INSTANCES: listing.list_ids,
    operations.TERMINATE: acts.terminate,
    operations.EXECUTE: acts.execute,
    operations.COMMENT: acts.comment,
    operations.REDIRECT: acts.redirect,
    operations.OPEN_TASK_COUNT: acts.open_task_count,
    operations.PREMIUM_APPEND: premium_tasks.append,
    operations.PREMIUM_REVERT: premium_tasks.revert,
    operations.PREMIUM_SCHEMAS: premium.schemas_with_flows,
}
NEW_PREFIXES = ("/v1.0/", "/v2.0/")
OLD_PREFIXES = ("/topapi/", "/call_back/")


def api_blueprint() -> Blueprint:
    """The API, without CSRF and without language."""
    blueprint = Blueprint("api", __name__)
    for operation, handler in HANDLERS.items():
        route(blueprint, operation, handler)
    blueprint.after_request(_in_the_form_asked_for)
    return blueprint


def _in_the_form_asked_for(response: Response) -> Response:
    is_gateway = request.path == operations.OPEN_CONNECTION.path
    return opening.as_asked(response) if is_gateway else response


def unknown_path() -> Response | None:
    """DingTalk answers unknown paths with HTTP 200; None when the path is none of the API's."""
    if request.path.startswith(NEW_PREFIXES):
        return json_answer({"errcode": 404, "errmsg": "请求的URI地址不存在"})
    if request.path.startswith(OLD_PREFIXES):
        name = f"dingtalk.oapi{request.path.removeprefix('/topapi').replace('/', '.')}"
        body = {
            "errcode": 22,
            "sub_msg": f"不合法ApiName，ApiName = {name}",
            "errmsg": f"Invalid method[{name}]",
            "request_id": request_id(),
        }
        return json_answer(body)
    return None
