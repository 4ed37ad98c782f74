"""Templates: made, changed, copied and deleted as an administrator would, with their flows and switches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from portal.sandbox.api.errors import ApiError
from portal.sandbox.api.form_rules import check_form
from portal.sandbox.approval import designing, templates
from portal.sandbox.approval.designing import FlowRefused
from portal.sandbox.approval.templates import TemplateRefused
from portal.sandbox.control.guard import ControlRefused, json_body
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import load as load_settings
from portal.sandbox.shapes import are_texts
from portal.sandbox.tables import Template

STATUSES = ("PUBLISHED", "INVALID", "SAVED")


def get_templates() -> Response:
    with current_sandbox().storage.read() as session:
        found = templates.all_templates(session)
    return jsonify(templates=[_shown(template) for template in found])


def post_template() -> ResponseReturnValue:
    body = json_body()
    components = _components(body, name=str(body.get("name") or ""))

    def make(session: Session) -> Template:
        return templates.new_template(
            session,
            name=str(body.get("name") or ""),
            description=str(body.get("description") or ""),
            components=components,
            default_flow=load_settings(session).default_flow,
        )

    return _written(make), 201


def post_copy(process_code: str) -> ResponseReturnValue:
    name = str(json_body().get("name") or "")
    return _written(lambda one: templates.copy_template(one, _template(one, process_code), name=name)), 201


def put_form(process_code: str) -> ResponseReturnValue:
    body = json_body()

    def write(session: Session) -> Template:
        template = _template(session, process_code)
        name = str(body.get("name") or template.name)
        components = _components(body, name=name)
        templates.change_form(
            session, template, name=name, description=template.description, components=components
        )
        return template

    return _written(write)


def delete_template(process_code: str) -> ResponseReturnValue:
    with current_sandbox().storage.write() as session:
        templates.delete_template(_template(session, process_code))
    return get_templates()


def put_flow(process_code: str) -> ResponseReturnValue:
    nodes = json_body().get("nodes")
    if not isinstance(nodes, list):
        raise ControlRefused("nodes must be a list")
    try:
        designed = designing.design(nodes)
    except FlowRefused as error:
        raise ControlRefused(str(error)) from error
    with current_sandbox().storage.write() as session:
        template = _template(session, process_code)
        templates.publish(template, designed)
        shown = _shown(template)
    return jsonify(shown)


def patch_template(process_code: str) -> ResponseReturnValue:
    body = json_body()
    known = {"status", "visible_to", "requester_may_withdraw", "allows_countersigning"}
    if not set(body) <= known or body.get("status", "PUBLISHED") not in STATUSES:
        raise ControlRefused(f"change {', '.join(sorted(known))}; status is one of {', '.join(STATUSES)}")
    visible_to = body.get("visible_to")
    if visible_to is not None and not are_texts(visible_to):
        raise ControlRefused("visible_to must be null or a list of userids")
    switches = [body[name] for name in known - {"status", "visible_to"} if name in body]
    if not all(isinstance(value, bool) for value in switches):
        raise ControlRefused("requester_may_withdraw and allows_countersigning must be true or false")
    with current_sandbox().storage.write() as session:
        template = _template(session, process_code)
        for name, value in body.items():
            setattr(template, name, value)
        shown = _shown(template)
    return jsonify(shown)


def _written(write: Callable[[Session], Template]) -> Response:
    try:
        with current_sandbox().storage.write() as session:
            shown = _shown(write(session))
    except TemplateRefused as error:
        raise ControlRefused(error.problem, status=409) from error
    return jsonify(shown)


def _components(body: dict[str, Any], *, name: str) -> list[dict[str, Any]]:
    components = body.get("components")
    try:
        check_form({"name": name, "formComponents": components})
    except ApiError as error:
        raise ControlRefused(str(error.body["message"])) from error
    return list(components or [])


def _template(session: Session, process_code: str) -> Template:
    template = templates.find_template(session, process_code)
    if template is None:
        raise ControlRefused("no such template", status=404)
    return template


def _shown(template: Template) -> dict[str, Any]:
    return {
        "process_code": template.process_code,
        "name": template.name,
        "status": template.status,
        "visible_to": template.visible_to,
        "requester_may_withdraw": template.requester_may_withdraw,
        "allows_countersigning": template.allows_countersigning,
        "labels": [component["props"].get("label", "") for component in template.components],
        "components": template.components,
        "nodes": template.flow,
    }


ROUTES = (
    ("/templates", ["GET"], get_templates),
    ("/templates", ["POST"], post_template),
    ("/templates/<process_code>", ["PATCH"], patch_template),
    ("/templates/<process_code>", ["DELETE"], delete_template),
    ("/templates/<process_code>/flow", ["PUT"], put_flow),
    ("/templates/<process_code>/form", ["PUT"], put_form),
    ("/templates/<process_code>/copy", ["POST"], post_copy),
)
