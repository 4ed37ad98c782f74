"""Writes the rows that were laid out into the catalogue, with a few statements however many rows there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, Connection, String, Table, cast, func, insert, literal, select, update

from portal.models import AuditEntry, Person, Resource, Workspace
from portal.models.base import UtcDateTime
from portal.models.resource import ResourceSource
from portal.services.audit import Actor
from portal.services.catalogue.staged_rows import STAGED, StagedRows, owner_of_row, workspace_of_row
from portal.services.catalogue.wanted_resource import KEPT

_RESOURCE: Table = Resource.metadata.tables[Resource.__tablename__]
_PERSON: Table = Person.metadata.tables[Person.__tablename__]
_AUDIT_ENTRY: Table = AuditEntry.metadata.tables[AuditEntry.__tablename__]
_PLAIN = ("name", "workspace", *KEPT[3:], "link_key")


def write(
    rows: StagedRows,
    *,
    actor: Actor,
    source: ResourceSource,
    at: datetime,
    workspace_ids: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write rows inside the caller's transaction; workspaces and owners whom nobody met yet are made.

    Args:
        rows: what is to be so.
        actor: who the audit entries of changed rows name; new rows are told of by the caller's own entry.
        source: what new rows say they come from.
        at: when.
        workspace_ids: ids in the BI tool of workspaces, by name.
    """
    connection = rows.connection
    _make_workspaces(connection, workspace_ids)
    _make_owners(connection, rows.corp_id, at=at)
    _add_new(connection, rows.corp_id, source=source, at=at)
    if rows.changing:
        _change(connection, rows, source=source, at=at)
        _tell(connection, actor, at=at)


def _references(corp_id: str | None) -> dict[str, Any]:
    """Return the expressions of what a row refers to: as it was found before, else as it was made just now."""
    return {
        "workspace_id": func.coalesce(STAGED.c.workspace_id, workspace_of_row()),
        "owner_id": func.coalesce(STAGED.c.owner_id, owner_of_row(corp_id)),
    }


def _add_new(connection: Connection, corp_id: str | None, *, source: ResourceSource, at: datetime) -> None:
    synced_at = at if source == ResourceSource.QUICKBI else None
    values: dict[str, Any] = {
        **{name: STAGED.c[name] for name in ("resource_type", "external_id", *_PLAIN)},
        **_references(corp_id),
        "source": literal(source.value, String),
        "synced_at": literal(synced_at, UtcDateTime),
    }
    new = select(*values.values()).where(STAGED.c.row_id.is_(None)).order_by(STAGED.c.place)
    connection.execute(insert(_RESOURCE).from_select(list(values), new, include_defaults=False))


def _change(connection: Connection, rows: StagedRows, *, source: ResourceSource, at: datetime) -> None:
    values = {**{name: STAGED.c[name] for name in _PLAIN}, **_references(rows.corp_id)}
    changing: dict[str, Any] = {name: values[name] for name in sorted(rows.changing)}
    if source == ResourceSource.QUICKBI:
        # What Quick BI tells of is Quick BI's from then on; a file leaves a row whose it is.
        changing |= {"source": source.value, "synced_at": at}
    found_again = update(_RESOURCE).where(_RESOURCE.c.id == STAGED.c.row_id)
    connection.execute(found_again.values(gone_at=None, **changing))


def _tell(connection: Connection, actor: Actor, *, at: datetime) -> None:
    values: dict[str, Any] = {
        "occurred_at": literal(at, UtcDateTime),
        "actor_id": literal(actor.person_id, _AUDIT_ENTRY.c.actor_id.type),
        "actor_name": literal(actor.name, String),
        "address": literal(actor.address, String),
        "action": literal("resource.changed", String),
        "subject_type": literal("resource", String),
        "subject_id": cast(STAGED.c.row_id, String),
        "before": STAGED.c.before,
        "after": STAGED.c.after,
    }
    told = select(*values.values()).where(STAGED.c.row_id.is_not(None)).order_by(STAGED.c.place)
    connection.execute(insert(_AUDIT_ENTRY).from_select(list(values), told, include_defaults=False))


def _make_workspaces(connection: Connection, ids: Mapping[str, str]) -> None:
    known = {
        row.name: row
        for row in connection.execute(select(Workspace.id, Workspace.name, Workspace.external_id))
    }
    unmet = select(STAGED.c.workspace).where(STAGED.c.workspace != "", STAGED.c.workspace_id.is_(None))
    missing = sorted(set(connection.scalars(unmet.distinct())) - known.keys())
    if missing:
        connection.execute(
            insert(Workspace), [{"name": each, "external_id": ids.get(each)} for each in missing]
        )
    for name, workspace_id in ids.items():
        if name in known and known[name].external_id is None:
            connection.execute(
                update(Workspace).where(Workspace.id == known[name].id).values(external_id=workspace_id)
            )


def _make_owners(connection: Connection, corp_id: str | None, *, at: datetime) -> None:
    name = func.coalesce(func.nullif(func.max(STAGED.c.owner_name), ""), STAGED.c.owner)
    values: dict[str, Any] = {
        "corp_id": literal(corp_id, String),
        "user_id": STAGED.c.owner,
        "name": name,
        "is_active": literal(value=True),
        "departments": literal([], JSON),
        "created_at": literal(at, UtcDateTime),
    }
    unmet = (
        select(*values.values())
        .where(STAGED.c.owner.is_not(None), STAGED.c.owner_id.is_(None), ~owner_of_row(corp_id).exists())
        .group_by(STAGED.c.owner)
        .order_by(STAGED.c.owner)
    )
    connection.execute(insert(_PERSON).from_select(list(values), unmet, include_defaults=False))
