"""Writes many catalogue rows in few statements, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from portal.models import AuditEntry, Person, Resource, Workspace
from portal.models.resource import ResourceSource
from portal.rules.resource_link import link_key
from portal.services.audit import Actor
from portal.services.catalogue.wanted_resource import KEPT, ChangedResource, Changes, WantedResource

AT_ONCE = 5_000

T = TypeVar("T")


def write(
    session: Session,
    changes: Changes,
    *,
    actor: Actor,
    corp_id: str | None,
    source: ResourceSource,
    at: datetime,
    workspace_ids: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Insert and update what ``changes`` says, with an audit entry for every changed row.

    Workspaces and owners that the portal has not met are made. New rows are told of by the caller's own entry.
    """
    wanted = [*changes.new, *(each.wanted for each in changes.changed)]
    names = {each.values.get("workspace") or "" for each in wanted} - {""}
    homes = _workspaces(session, names, ids=workspace_ids)
    owners = _owners(session, wanted, corp_id=corp_id, at=at)
    synced_at = at if source == ResourceSource.QUICKBI else None
    for some in _lots(changes.new):
        session.execute(
            insert(Resource),
            [
                {
                    "resource_type": each.key[0],
                    "external_id": each.key[1],
                    "source": source.value,
                    "synced_at": synced_at,
                    **_row(each.values, homes, owners),
                }
                for each in some
            ],
        )
    for lot in _lots(changes.changed):
        session.execute(
            update(Resource),
            [
                {
                    "id": each.kept.id,
                    "gone_at": None,
                    **_row({**each.kept.values, **each.wanted.values}, homes, owners),
                }
                for each in lot
            ],
        )
        session.execute(insert(AuditEntry), [_told(each, actor, at) for each in lot])


def _row(values: Mapping[str, Any], homes: Mapping[str, int], owners: Mapping[str, int]) -> dict[str, Any]:
    filled = {**_EMPTY, **values}
    owner = filled.pop("owner")
    return {
        **filled,
        "owner_id": owners.get(owner) if owner else None,
        "workspace_id": homes.get(filled["workspace"]),
        "link_key": link_key(filled["link"]),
    }


_EMPTY: dict[str, Any] = {
    **dict.fromkeys(KEPT, ""),
    "owner": None,
    "target": None,
    "edit_permission": None,
    "is_published": True,
    "columns": [],
}


_WORKSPACES = select(Workspace.id, Workspace.name, Workspace.external_id)


def _workspaces(session: Session, names: set[str], *, ids: Mapping[str, str]) -> dict[str, int]:
    known = {name: (key, external_id) for key, name, external_id in session.execute(_WORKSPACES)}
    if missing := sorted(names - known.keys()):
        session.execute(insert(Workspace), [{"name": name, "external_id": ids.get(name)} for name in missing])
    told = [
        {"id": key, "external_id": ids[name]}
        for name, (key, external_id) in known.items()
        if external_id is None and name in ids
    ]
    if told:
        session.execute(update(Workspace), told)
    return {name: key for key, name, _external_id in session.execute(_WORKSPACES)}


def _owners(
    session: Session, wanted: Iterable[WantedResource], *, corp_id: str | None, at: datetime
) -> dict[str, int]:
    names = {
        each.values["owner"]: each.values.get("owner_name") or each.values["owner"]
        for each in wanted
        if each.values.get("owner")
    }
    known = _known_people(session, corp_id)
    missing = sorted(names.keys() - known.keys())
    if missing:
        session.execute(
            insert(Person),
            [
                {
                    "corp_id": corp_id,
                    "user_id": each,
                    "name": names[each],
                    "departments": [],
                    "created_at": at,
                }
                for each in missing
            ],
        )
        known = _known_people(session, corp_id)
    return known


def _known_people(session: Session, corp_id: str | None) -> dict[str, int]:
    people = select(Person.user_id, Person.id).where(Person.corp_id == corp_id, Person.user_id.is_not(None))
    return {user_id: key for user_id, key in session.execute(people) if user_id}


def _told(each: ChangedResource, actor: Actor, at: datetime) -> dict[str, Any]:
    return {
        "occurred_at": at,
        "actor_id": actor.person_id,
        "actor_name": actor.name,
        "address": actor.address,
        "action": "resource.changed",
        "subject_type": "resource",
        "subject_id": str(each.kept.id),
        "before": dict(each.before),
        "after": dict(each.after),
    }


def _lots(rows: Iterable[T]) -> Iterable[list[T]]:
    found = list(rows)
    return (found[place : place + AT_ONCE] for place in range(0, len(found), AT_ONCE))
