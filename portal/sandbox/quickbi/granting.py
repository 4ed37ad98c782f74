"""Collaborative authorisation: calls that give it and take it away, with what Quick BI documents about their limits.

No call here is idempotent: the same grant twice makes two rows, as nothing says that Quick BI would not.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from portal.sandbox.clock import CHINA
from portal.sandbox.quickbi import access
from portal.sandbox.quickbi.access import EDIT, TO_GROUP, TO_ORGANISATION, TO_USER, TO_WORKSPACE
from portal.sandbox.quickbi.gate import BiCall
from portal.sandbox.quickbi.refusals import BiRefused, wrong_parameter
from portal.sandbox.settings import AuthorityWords
from portal.sandbox.tables import BiGrant, BiGroup, BiUser, BiWork, BiWorkspace

# The spelling of these calls is another one than QueryWorks'.
WORK_TYPES = {
    "dashboard": ("PAGE", "FULLPAGE"),
    "report": ("REPORT",),
    "dashboardOfflineQuery": ("dashboardOfflineQuery",),
    "ANALYSIS": ("ANALYSIS",),
    "screen": ("SCREEN",),
    "dataForm": ("DATAFORM",),
    "cube": ("CUBE",),
    "datasource": ("DATASOURCE",),
}
_ABSENT = {"cube": "Cube.Not.Exist", "datasource": "Datasource.NotFound.Error"}
_POINTS = (1, 3, 10, EDIT)
_NAMES = {1: ["view"], 3: ["view", "export"], 10: ["manage"], EDIT: ["view", "export", "edit"]}
MILLISECONDS_A_DAY = 86_400_000


def add_works_authorization(call: BiCall) -> str:
    found = _resource(call)
    points, scope = call.number("AuthPoints"), call.number("AuthorizeScope")
    if points not in _POINTS or scope not in (TO_USER, TO_GROUP, TO_ORGANISATION, TO_WORKSPACE):
        raise wrong_parameter("AuthPoints" if points not in _POINTS else "AuthorizeScope")
    principal = call.user("AuthorizedId").user_id if scope == TO_USER else call.text("AuthorizedId")
    check_sharing(call, found)
    # Edit has no end; whatever was sent is ignored.
    expires_ms = 0 if points == EDIT else _end_of(call.text("ExpireDay"), now=call.now)
    grant = BiGrant(
        kind="authorization",
        work_id=found.work_id,
        scope=scope,
        principal_id=principal,
        points=points,
        expires_ms=expires_ms,
        created_ms=call.now,
    )
    call.session.add(grant)
    call.session.flush()
    return f"auth-{grant.id:08d}"


def delete_authorization(call: BiCall) -> bool:
    found, user = _resource(call), call.user("QbiUserId")
    for grant in access.grants_of(call.session, found, user, now=call.now):
        _refuse_inherited(call, grant)
    call.session.execute(
        delete(BiGrant).where(
            BiGrant.kind == "authorization",
            BiGrant.work_id == found.work_id,
            BiGrant.scope == TO_USER,
            BiGrant.principal_id == user.user_id,
        )
    )
    return True


def update_attributes(call: BiCall) -> bool:
    found, level = _resource(call), call.number("EditPermissionType")
    if level not in (access.PRIVATE, access.SPECIFIED, access.ALL_MEMBERS):
        raise wrong_parameter("EditPermissionType")
    check_sharing(call, found)
    found.security_level = level
    return True


def auth_config(call: BiCall) -> list[dict[str, Any]]:
    """At user granularity; what was given to the workspace or everybody is listed once for each person."""
    work_type = call.text("WorksType")
    found = _resource(call, type_name="WorksType")
    if call.text("ShareToType") != str(TO_USER):
        return []
    rows = call.session.scalars(
        select(BiGrant).where(BiGrant.kind == "authorization", BiGrant.work_id == found.work_id)
    )
    return [
        {
            "ResourceId": found.work_id,
            "ResourceType": work_type,
            "AuthorizedId": user.user_id,
            "AuthorizedName": user.name,
            "Authorities": _authorities(row.points, words=call.settings.quickbi_authority_words),
            "ExpireDate": str(row.expires_ms) if row.expires_ms else None,
            "GmtCreate": datetime.fromtimestamp(row.created_ms / 1000, CHINA).strftime("%Y-%m-%d %H:%M:%S"),
            "Scope": row.scope,
        }
        for row in rows
        for user in _users_of(call, row, found)
    ]


def _resource(call: BiCall, *, type_name: str = "ResourceType") -> BiWork:
    work_type = call.text(type_name)
    if work_type not in WORK_TYPES:
        raise wrong_parameter(type_name)
    absent = _ABSENT.get(work_type, "Work.Not.Exist")
    found = call.work("ResourceId", absent=absent)
    if found.work_type not in WORK_TYPES[work_type]:
        raise BiRefused(absent, "The specified work does not exist.")
    return found


def check_sharing(call: BiCall, found: BiWork) -> None:
    """Refuse where organisation or workspace let nothing be given."""
    # Which code is answered here is not documented; this one is Quick BI's for "not allowed in the organization".
    workspace = call.session.get(BiWorkspace, found.workspace_id)
    if not call.settings.quickbi_sharing_allowed or (workspace and not workspace.allows_sharing):
        raise BiRefused(
            "Authorize3Rd.Page.Org.Illegal", "The organization does not allow authorization.", status=500
        )


def _refuse_inherited(call: BiCall, grant: BiGrant) -> None:
    if grant.scope == TO_WORKSPACE:
        raise BiRefused(
            "DeletePermission.ExistWorkspaceRecord.Error", "The resource is granted to the whole workspace."
        )
    if grant.scope == TO_GROUP:
        group = call.session.get(BiGroup, grant.principal_id)
        raise BiRefused(
            "DeletePermission.UserBelongsToUsergroup.Error",
            f"The user belongs to the authorized user group: {group.name if group else grant.principal_id}.",
        )
    if grant.scope == TO_ORGANISATION:
        raise BiRefused(
            "DeletePermission.ExistOrganizationRecord.Error",
            "The resource is granted to the whole organization.",
        )


def _end_of(day: str, *, now: int) -> int:
    """The end of a day of China, which must be tomorrow at the earliest."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise wrong_parameter("ExpireDay") from None
    today = datetime.fromtimestamp(now / 1000, CHINA).date()
    if wanted < today + timedelta(days=1):
        raise wrong_parameter("ExpireDay")
    midnight = datetime(wanted.year, wanted.month, wanted.day, tzinfo=CHINA).astimezone(UTC)
    return int(midnight.timestamp() * 1000) + MILLISECONDS_A_DAY - 1000


def _authorities(points: int, *, words: AuthorityWords) -> list[str]:
    return [str(points)] if words is AuthorityWords.CODES else _NAMES[points]


def _users_of(call: BiCall, row: BiGrant, found: BiWork) -> list[BiUser]:
    if row.scope == TO_USER:
        user = call.session.get(BiUser, row.principal_id)
        return [user] if user else []
    if row.scope == TO_GROUP:
        return []
    everybody = call.session.scalars(select(BiUser).where(~BiUser.is_deleted)).all()
    workspace = call.session.get(BiWorkspace, found.workspace_id)
    members = workspace.members if workspace else {}
    return [user for user in everybody if row.scope == TO_ORGANISATION or user.user_id in members]
