"""The pretended Quick BI: what there is, who can open what until when, and what its administrators change."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, select

from portal.sandbox.clock import now_ms
from portal.sandbox.control.guard import ControlRefused, json_body
from portal.sandbox.quickbi import access
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.shapes import is_number
from portal.sandbox.tables import BiGrant, BiGroup, BiUser, BiWork, BiWorkspace

KINDS = ("authorization", "share", "menu", "white_list")


def get_quickbi() -> Response:
    now = now_ms()
    with current_sandbox().storage.read() as session:
        users = {row.user_id: row for row in session.scalars(select(BiUser))}
        works = session.scalars(select(BiWork).order_by(BiWork.work_id)).all()
        return jsonify(
            works=[
                {
                    "work_id": work.work_id,
                    "work_type": work.work_type,
                    "status": work.status,
                    "security_level": work.security_level,
                    "readers": sorted(
                        user.account_name.partition("@")[0]
                        for user in users.values()
                        if access.can_open(access.roads(session, work=work, user=user, now=now))
                    ),
                }
                for work in works
            ],
            grants=[
                {
                    "id": row.id,
                    "kind": row.kind,
                    "work_id": row.work_id,
                    "scope": row.scope,
                    "principal": _name(users, row.principal_id),
                    "points": row.points,
                    "menu_id": row.menu_id,
                    "expires_ms": row.expires_ms,
                    "created_ms": row.created_ms,
                }
                for row in session.scalars(select(BiGrant).order_by(BiGrant.id))
            ],
        )


def patch_work(work_id: str) -> ResponseReturnValue:
    body = json_body()
    if not body or not set(body) <= {"status", "security_level"} or not all(map(_is_small, body.values())):
        raise ControlRefused("give status (0 to 3), security_level (0, 1, 11 or 12), or both")
    with current_sandbox().storage.write() as session:
        work = session.get(BiWork, work_id)
        if work is None:
            raise ControlRefused("no such work")
        for name, value in body.items():
            setattr(work, name, value)
    return get_quickbi()


def delete_work(work_id: str) -> ResponseReturnValue:
    with current_sandbox().storage.write() as session:
        session.execute(delete(BiWork).where(BiWork.work_id == work_id))
    return get_quickbi()


def patch_workspace(workspace_id: str) -> ResponseReturnValue:
    body = json_body()
    if set(body) != {"allows_sharing"} or not isinstance(body["allows_sharing"], bool):
        raise ControlRefused("give allows_sharing, true or false")
    with current_sandbox().storage.write() as session:
        workspace = session.get(BiWorkspace, workspace_id)
        if workspace is None:
            raise ControlRefused("no such workspace")
        workspace.allows_sharing = body["allows_sharing"]
    return get_quickbi()


def put_group(group_id: str) -> ResponseReturnValue:
    body = json_body()
    with current_sandbox().storage.write() as session:
        group, users = session.get(BiGroup, group_id), session.scalars(select(BiUser)).all()
        if group is None:
            raise ControlRefused("no such group")
        wanted = set(body.get("members", ()))
        group.members = [user.user_id for user in users if user.account_name.partition("@")[0] in wanted]
    return get_quickbi()


def post_grant() -> ResponseReturnValue:
    """What an administrator gives by hand, as long ago as they like."""
    body = json_body()
    if body.get("kind", KINDS[0]) not in KINDS or not isinstance(body.get("work_id"), str):
        raise ControlRefused(f"give work_id, and kind of {', '.join(KINDS)}")
    numbers = {name: body.get(name, default) for name, default in _DEFAULTS.items()}
    if not all(is_number(value, lowest=0, highest=10**13) for value in numbers.values()):
        raise ControlRefused(f"{', '.join(_DEFAULTS)} are whole numbers")
    with current_sandbox().storage.write() as session:
        session.add(
            BiGrant(
                kind=body.get("kind", KINDS[0]),
                work_id=body["work_id"],
                principal_id=_principal(session.scalars(select(BiUser)).all(), body.get("principal", "")),
                menu_id=str(body.get("menu_id", "")),
                scope=numbers["scope"],
                points=numbers["points"],
                expires_ms=numbers["expires_ms"],
                created_ms=now_ms() - 1000 * numbers["seconds_ago"],
            )
        )
    return get_quickbi(), 201


_DEFAULTS = {"scope": 0, "points": 1, "expires_ms": 0, "seconds_ago": 0}


def _principal(users: Any, named: str) -> str:
    by_account = {user.account_name.partition("@")[0]: user.user_id for user in users}
    return str(by_account.get(named, named))


def _name(users: dict[str, BiUser], principal_id: str) -> str:
    user = users.get(principal_id)
    return user.account_name.partition("@")[0] if user else principal_id


def _is_small(value: object) -> bool:
    return is_number(value, lowest=0, highest=12)


ROUTES = (
    ("/quickbi", ["GET"], get_quickbi),
    ("/quickbi/works/<work_id>", ["PATCH"], patch_work),
    ("/quickbi/works/<work_id>", ["DELETE"], delete_work),
    ("/quickbi/workspaces/<workspace_id>", ["PATCH"], patch_workspace),
    ("/quickbi/groups/<group_id>", ["PUT"], put_group),
    ("/quickbi/grants", ["POST"], post_grant),
)
