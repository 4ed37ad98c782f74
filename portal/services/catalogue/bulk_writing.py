"""Writes many catalogue rows in few statements.

Rows are made ready before the transaction: while it runs, SQLite lets nobody else write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from portal.models import AuditEntry, Person, Resource, Workspace
from portal.models.resource import ResourceSource
from portal.rules.resource_link import link_key
from portal.services.audit import Actor
from portal.services.catalogue.wanted_resource import KEPT, ChangedResource, Changes

AT_ONCE = 5_000

Row = dict[str, Any]

_RESOURCE: Table = Resource.metadata.tables[Resource.__tablename__]
_AUDIT_ENTRY: Table = AuditEntry.metadata.tables[AuditEntry.__tablename__]
_EMPTY: Row = {
    **dict.fromkeys(KEPT, ""),
    "owner": None,
    "target": None,
    "edit_permission": None,
    "is_published": True,
    "columns": [],
}


@dataclass(frozen=True, kw_only=True)
class ReadyRows:
    """What is written: rows by statement, and the workspaces and owners (userid to name) that they speak of."""

    new: Sequence[Row]
    changed: Sequence[Row]
    told: Sequence[Row]
    workspaces: frozenset[str]
    workspace_ids: Mapping[str, str]
    owners: Mapping[str, str]
    corp_id: str | None
    source: ResourceSource
    at: datetime


def make_ready(
    changes: Changes,
    *,
    actor: Actor,
    corp_id: str | None,
    source: ResourceSource,
    at: datetime,
    workspace_ids: Mapping[str, str] = MappingProxyType({}),
) -> ReadyRows:
    """Turn changes into rows.

    Args:
        changes: what is to be so.
        actor: who the audit entries of changed rows name; new rows are told of by the caller's own entry.
        corp_id: the organisation of the owners' userids.
        source: what new rows say they come from.
        at: when.
        workspace_ids: ids in the BI tool of workspaces, by name.
    """
    new = [
        {
            **_row(each.values, corp_id),
            "resource_type": each.key[0],
            "external_id": each.key[1],
            "source": source.value,
            "synced_at": at if source == ResourceSource.QUICKBI else None,
        }
        for each in changes.new
    ]
    changed = [
        {
            **_row({**each.kept.values, **each.wanted.values}, corp_id),
            "row_id": each.kept.id,
        }
        for each in changes.changed
    ]
    rows = [*new, *changed]
    return ReadyRows(
        new=new,
        changed=changed,
        told=[_told(each, actor, at) for each in changes.changed],
        workspaces=frozenset(row["workspace"] for row in rows if row["workspace"]),
        workspace_ids=workspace_ids,
        owners={row["owner"]: row["owner_name"] or row["owner"] for row in rows if row["owner"]},
        corp_id=corp_id,
        source=source,
        at=at,
    )


def write(session: Session, ready: ReadyRows) -> None:
    """Write rows inside the caller's transaction; workspaces and owners whom nobody met yet are made."""
    _make_workspaces(session, ready)
    _make_owners(session, ready)
    homes = select(Workspace.id).where(Workspace.name == bindparam("workspace")).scalar_subquery()
    owners = (
        select(Person.id)
        .where(Person.corp_id == bindparam("corp_id"), Person.user_id == bindparam("owner"))
        .scalar_subquery()
    )
    plain = ("name", "workspace", *KEPT[3:], "link_key")
    values: Row = {name: bindparam(name) for name in plain} | {"workspace_id": homes, "owner_id": owners}
    keys: Row = {name: bindparam(name) for name in ("resource_type", "external_id", "source", "synced_at")}
    found_again = update(_RESOURCE).where(_RESOURCE.c.id == bindparam("row_id"))
    if ready.source == ResourceSource.QUICKBI:
        # What Quick BI tells of is Quick BI's from then on; a file leaves a row whose it is.
        found_again = found_again.values(source=ready.source.value, synced_at=ready.at)
    found_again = found_again.values(gone_at=None, **values)
    _write_all(session, insert(_RESOURCE).values(**keys, **values), ready.new)
    _write_all(session, found_again, ready.changed)
    _write_all(session, insert(_AUDIT_ENTRY), ready.told)


def _write_all(session: Session, statement: Any, rows: Sequence[Row]) -> None:
    connection = session.connection()
    for place in range(0, len(rows), AT_ONCE):
        connection.execute(statement, rows[place : place + AT_ONCE])


def _row(values: Mapping[str, Any], corp_id: str | None) -> Row:
    filled = {**_EMPTY, **values}
    return {**filled, "link_key": link_key(filled["link"]), "corp_id": corp_id}


def _make_workspaces(session: Session, ready: ReadyRows) -> None:
    rows = session.execute(select(Workspace.id, Workspace.name, Workspace.external_id)).all()
    ids = ready.workspace_ids
    missing = sorted(ready.workspaces - {row.name for row in rows})
    if missing:
        session.execute(insert(Workspace), [{"name": each, "external_id": ids.get(each)} for each in missing])
    named = [
        {"id": row.id, "external_id": ids[row.name]}
        for row in rows
        if row.external_id is None and row.name in ids
    ]
    if named:
        session.execute(update(Workspace), named)


def _make_owners(session: Session, ready: ReadyRows) -> None:
    known = set(session.scalars(select(Person.user_id).where(Person.corp_id == ready.corp_id)))
    made: Iterable[str] = sorted(ready.owners.keys() - known)
    rows: list[Row] = [
        {
            "corp_id": ready.corp_id,
            "user_id": each,
            "name": ready.owners[each],
            "departments": [],
            "created_at": ready.at,
        }
        for each in made
    ]
    if rows:
        session.execute(insert(Person), rows)


def _told(each: ChangedResource, actor: Actor, at: datetime) -> Row:
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
