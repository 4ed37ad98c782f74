"""People who leave, return or change their supervisor, and sign-in without the page."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.console.auth_codes import issue_code
from portal.sandbox.control.guard import ControlRefused, json_body
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.shapes import is_number
from portal.sandbox.tables import Department, Person


def get_people() -> Response:
    with current_sandbox().storage.read() as session:
        people = session.scalars(select(Person).order_by(Person.position)).all()
    return jsonify(people=[_shown(person) for person in people])


def patch_person(userid: str) -> ResponseReturnValue:
    body = json_body()
    if not set(body) <= {"active", "manager_userid", "department_ids"}:
        raise ControlRefused("change active, manager_userid, department_ids")
    with current_sandbox().storage.write() as session, session.no_autoflush:
        person = session.get(Person, userid)
        if person is None:
            raise ControlRefused("no such person", status=404)
        person.is_active = body.get("active", person.is_active)
        person.manager_userid = body.get("manager_userid", person.manager_userid)
        person.department_ids = body.get("department_ids", person.department_ids)
        _check(session, person)
        shown = _shown(person)
    return jsonify(shown)


def post_sign_in() -> ResponseReturnValue:
    userid = str(json_body().get("person", ""))
    with current_sandbox().storage.write() as session:
        if session.get(Person, userid) is None:
            raise ControlRefused("no such person", status=404)
        code = issue_code(session, userid=userid, with_corp_id=True)
    return jsonify(authCode=code), 201


def _check(session: Session, person: Person) -> None:
    if not isinstance(person.is_active, bool):
        raise ControlRefused("active must be true or false")
    supervisor = person.manager_userid
    if supervisor is not None and not _is_known_person(session, supervisor):
        raise ControlRefused("manager_userid must be null or somebody's userid")
    numbers = person.department_ids
    if not isinstance(numbers, list) or not all(
        is_number(number) and session.get(Department, number) is not None for number in numbers
    ):
        raise ControlRefused("department_ids must be a list of ids of departments")


def _is_known_person(session: Session, userid: object) -> bool:
    return isinstance(userid, str) and session.get(Person, userid) is not None


def _shown(person: Person) -> dict[str, Any]:
    return {
        "userid": person.userid,
        "union_id": person.union_id,
        "name": person.name,
        "relation": person.relation,
        "active": person.is_active,
        "is_admin": person.is_admin,
        "manager_userid": person.manager_userid,
        "department_ids": person.department_ids,
    }


ROUTES = (
    ("/people", ["GET"], get_people),
    ("/people/<userid>", ["PATCH"], patch_person),
    ("/sign-in", ["POST"], post_sign_in),
)
