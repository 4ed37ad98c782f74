"""Instances and what people do to them, templates and their flows."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.api.detail import detail_of, find_instance
from portal.sandbox.approval import actions, designing, flow
from portal.sandbox.approval.actions import Action, Move
from portal.sandbox.approval.designing import FlowRefused
from portal.sandbox.approval.flow import Mode
from portal.sandbox.approval.refusals import ActionRefused
from portal.sandbox.clock import now_ms
from portal.sandbox.control.guard import ControlRefused, json_body
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.shapes import are_texts
from portal.sandbox.tables import Instance, Template

STATUSES = ("PUBLISHED", "INVALID", "SAVED")


def get_instances() -> Response:
    query = select(Instance).order_by(Instance.position)
    if request.args.get("process_code"):
        query = query.where(Instance.process_code == request.args["process_code"])
    with current_sandbox().storage.read() as session:
        shown = [_summary(instance) for instance in session.scalars(query)]
    return jsonify(instances=shown)


def get_instance(instance_id: str) -> Response:
    sandbox = current_sandbox()
    with sandbox.storage.read() as session:
        instance = _instance(session, instance_id)
        detail = detail_of(session, instance, config=sandbox.config)
    return jsonify(instance_id=instance_id, **detail)


def post_action(instance_id: str) -> ResponseReturnValue:
    move = _move(json_body())
    sandbox = current_sandbox()
    with sandbox.storage.write() as session:
        try:
            actions.act(session, _instance(session, instance_id), move)
        except ActionRefused as error:
            raise ControlRefused(error.refusal.value, status=409) from error
    sandbox.wake.set()
    if move.action is Action.DELETE:
        return jsonify(instance_id=instance_id, deleted=True)
    return get_instance(instance_id)


def _move(body: dict[str, Any]) -> Move:
    to = body.get("to") or []
    people = [to] if isinstance(to, str) else to
    if not are_texts(people):
        raise ControlRefused("to is a userid or a list of userids")
    try:
        action, mode = Action(str(body.get("action"))), Mode(str(body.get("mode") or Mode.ALL))
    except ValueError as error:
        modes = f"{Mode.ALL} or {Mode.ONE_BY_ONE}"
        raise ControlRefused(f"action must be one of {', '.join(Action)}; mode is {modes}") from error
    return Move(
        person=str(body.get("person", "")),
        action=action,
        remark=str(body.get("remark") or ""),
        to=tuple(people),
        mode=mode,
        activity_id=str(body.get("activity_id") or ""),
        instead_of=str(body.get("instead_of") or ""),
    )


def get_templates() -> Response:
    with current_sandbox().storage.read() as session:
        templates = session.scalars(select(Template).order_by(Template.position)).all()
    return jsonify(templates=[_template_shown(template) for template in templates])


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
        template.flow, template.modified_at = flow.dump(designed), now_ms()
        shown = _template_shown(template)
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
        shown = _template_shown(template)
    return jsonify(shown)


def _instance(session: Session, instance_id: str) -> Instance:
    instance = find_instance(session, instance_id)
    if instance is None:
        raise ControlRefused("no such instance", status=404)
    return instance


def _template(session: Session, process_code: str) -> Template:
    template = session.get(Template, process_code)
    if template is None:
        raise ControlRefused("no such template", status=404)
    return template


def _summary(instance: Instance) -> dict[str, Any]:
    return {
        "instance_id": instance.id,
        "process_code": instance.process_code,
        "title": instance.title,
        "originator_userid": instance.originator_userid,
        "status": instance.status,
        "result": instance.result,
        "created_at": instance.created_at,
        "values": {value["name"]: value["value"] for value in instance.values},
        "waiting_for": [task.userid for task in instance.tasks if task.status == "RUNNING"],
    }


def _template_shown(template: Template) -> dict[str, Any]:
    return {
        "process_code": template.process_code,
        "name": template.name,
        "status": template.status,
        "visible_to": template.visible_to,
        "requester_may_withdraw": template.requester_may_withdraw,
        "allows_countersigning": template.allows_countersigning,
        "labels": [component["props"].get("label", "") for component in template.components],
        "nodes": template.flow,
    }


ROUTES = (
    ("/instances", ["GET"], get_instances),
    ("/instances/<instance_id>", ["GET"], get_instance),
    ("/instances/<instance_id>/actions", ["POST"], post_action),
    ("/templates", ["GET"], get_templates),
    ("/templates/<process_code>/flow", ["PUT"], put_flow),
    ("/templates/<process_code>", ["PATCH"], patch_template),
)
