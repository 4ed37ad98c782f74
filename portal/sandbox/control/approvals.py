"""Instances and what people do to them."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.api.detail import detail_of, find_instance
from portal.sandbox.approval import actions
from portal.sandbox.approval.actions import Action, Move
from portal.sandbox.approval.flow import Mode
from portal.sandbox.approval.refusals import ActionRefused
from portal.sandbox.control.guard import ControlRefused, json_body
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.shapes import are_texts
from portal.sandbox.tables import Instance


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
    if mode is Mode.ANY:
        raise ControlRefused("countersigners are asked all or one_by_one")
    return Move(
        person=str(body.get("person", "")),
        action=action,
        remark=str(body.get("remark") or ""),
        to=tuple(people),
        mode=mode,
        activity_id=str(body.get("activity_id") or ""),
        instead_of=str(body.get("instead_of") or ""),
    )


def _instance(session: Session, instance_id: str) -> Instance:
    instance = find_instance(session, instance_id)
    if instance is None:
        raise ControlRefused("no such instance", status=404)
    return instance


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


ROUTES = (
    ("/instances", ["GET"], get_instances),
    ("/instances/<instance_id>", ["GET"], get_instance),
    ("/instances/<instance_id>/actions", ["POST"], post_action),
)
