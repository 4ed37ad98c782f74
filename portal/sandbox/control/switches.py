"""State, settings, permissions, faults, counts and reset."""

from __future__ import annotations

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, func, select

from portal.sandbox import cast, settings
from portal.sandbox.api import meter, operations
from portal.sandbox.approval.templates import all_templates
from portal.sandbox.clock import month_of, now_ms
from portal.sandbox.control.guard import ControlRefused, json_body
from portal.sandbox.faults import ANY, CHOSEN_ANSWER, CHOSEN_ANSWERS, FaultName, SealPart
from portal.sandbox.push.events import EVENT_TYPES
from portal.sandbox.quickbi import gate, organisation
from portal.sandbox.quickbi.routes import ACTIONS
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import Permission, SettingRefused
from portal.sandbox.shapes import is_number
from portal.sandbox.storage import Base
from portal.sandbox.tables import CallCount, Delivery, DeliveryState, Fault, Instance

MOST_TIMES, LONGEST_SECONDS = 10**6, 3600


def state() -> Response:
    sandbox = current_sandbox()
    with sandbox.storage.read() as session:
        current = settings.load(session)
        deliveries = dict(
            session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).tuples().all()
        )
        counts = {
            "templates": len(all_templates(session)),
            "instances": session.scalar(select(func.count()).select_from(Instance)),
            "deliveries": {each.value: deliveries.get(each.value, 0) for each in DeliveryState},
            "metered_calls": meter.used(session),
        }
    config = sandbox.config
    return jsonify(
        app={"corp_id": config.corp_id, "app_key": config.app_key, "agent_id": config.agent_id},
        public_url=config.public_url,
        settings=settings.shown(current),
        permissions={each.value: each.value not in current.denied_permissions for each in Permission},
        subscription=current.subscription,
        counts=counts,
    )


def put_settings() -> ResponseReturnValue:
    body = json_body()
    if {"subscription", "denied_permissions"} & set(body):
        raise ControlRefused("subscription and permissions have addresses of their own")
    try:
        with current_sandbox().storage.write() as session:
            settings.change(session, **body)
    except SettingRefused as error:
        raise ControlRefused(str(error)) from error
    return state()


def put_permissions() -> ResponseReturnValue:
    body = json_body()
    unknown = set(body) - {each.value for each in Permission}
    if unknown or not all(isinstance(value, bool) for value in body.values()):
        known = ", ".join(each.value for each in Permission)
        raise ControlRefused(f"map permissions to true or false; known are {known}")
    with current_sandbox().storage.write() as session:
        denied = set(settings.load(session).denied_permissions)
        denied |= {name for name, granted in body.items() if not granted}
        denied -= {name for name, granted in body.items() if granted}
        settings.change(session, denied_permissions=sorted(denied))
    return state()


def post_fault() -> ResponseReturnValue:
    body = json_body()
    names = [each.value for each in FaultName]
    if body.get("fault") not in names:
        raise ControlRefused(f"fault must be one of {', '.join(names)}")
    actions = [f"{gate.PREFIX}{action}" for action in ACTIONS]
    targets = [ANY, *EVENT_TYPES, *(each.name for each in operations.ALL), *actions]
    if body.get("operation", ANY) not in targets:
        raise ControlRefused(f"operation must be one of {', '.join(targets)}")
    part = body.get("part", "")
    if body["fault"] in CHOSEN_ANSWERS:
        if not (isinstance(part, str) and CHOSEN_ANSWER.fullmatch(part)):
            raise ControlRefused('part must be an HTTP status and a code, such as "400 needAuth", or "200 -"')
    elif part not in ["", *SealPart]:
        raise ControlRefused(f"part must be one of {', '.join(SealPart)}")
    count, seconds = body.get("count", 1), body.get("seconds")
    if not is_number(count, lowest=1, highest=MOST_TIMES):
        raise ControlRefused(f"count must be a whole number from 1 to {MOST_TIMES}")
    if seconds is not None and not (isinstance(seconds, int | float) and 0 <= seconds <= LONGEST_SECONDS):
        raise ControlRefused(f"seconds must be a number from 0 to {LONGEST_SECONDS}")
    fault = Fault(
        name=body["fault"],
        operation=body.get("operation", ANY),
        remaining=count,
        seconds=seconds,
        part=part,
    )
    with current_sandbox().storage.write() as session:
        session.add(fault)
    return get_faults(), 201


def get_faults() -> Response:
    with current_sandbox().storage.read() as session:
        waiting = session.scalars(select(Fault).order_by(Fault.id)).all()
    return jsonify(
        faults=[
            {
                "id": fault.id,
                "fault": fault.name,
                "operation": fault.operation,
                "remaining": fault.remaining,
                "seconds": fault.seconds,
                "part": fault.part,
            }
            for fault in waiting
        ]
    )


def delete_faults() -> ResponseReturnValue:
    with current_sandbox().storage.write() as session:
        session.execute(delete(Fault))
    return get_faults()


def get_calls() -> Response:
    month = month_of(now_ms())
    counts: dict[str, dict[str, int]] = {}
    with current_sandbox().storage.read() as session:
        for row in session.scalars(select(CallCount).where(CallCount.month == month)):
            counts.setdefault(row.operation, {})[row.result] = row.count
        metered = meter.used(session)
    return jsonify(month=month, metered=metered, calls=counts)


def post_reset() -> ResponseReturnValue:
    keeps = json_body().get("keep_subscription", False)
    sandbox = current_sandbox()
    with sandbox.storage.write() as session:
        subscription = settings.load(session).subscription
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
        session.expunge_all()
        cast.seed(session)
        organisation.seed(session)
        if keeps and subscription is not None:
            settings.change(session, subscription=subscription)
    sandbox.recent_calls.clear()
    return state()


ROUTES = (
    ("/state", ["GET"], state),
    ("/settings", ["PUT"], put_settings),
    ("/permissions", ["PUT"], put_permissions),
    ("/faults", ["POST"], post_fault),
    ("/faults", ["GET"], get_faults),
    ("/faults", ["DELETE"], delete_faults),
    ("/calls", ["GET"], get_calls),
    ("/reset", ["POST"], post_reset),
)
