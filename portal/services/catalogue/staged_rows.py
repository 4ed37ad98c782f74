"""Catalogue rows on their way in: laid out in a temporary table, then written with a few statements.

While somebody writes, SQLite lets nobody else write, DingTalk's callbacks included. A temporary table is its
connection's own and asks for no lock, so all that takes long happens there. Nothing of Python runs between the rows
while the lock is held, and no index is written whose column stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    ScalarSelect,
    Select,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from portal.models import Person, Workspace
from portal.rules.resource_link import link_key
from portal.services.catalogue.wanted_resource import KEPT, Changes

MOST_NAMES_SHOWN = 10

Row = dict[str, Any]

STAGED = Table(
    "portal_staged_resource",
    MetaData(),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("row_id", Integer),
    Column("resource_type", String(32)),
    Column("external_id", String(128)),
    Column("name", String(200)),
    Column("workspace", String(200)),
    Column("workspace_id", Integer),
    Column("owner", String(64)),
    Column("owner_id", Integer),
    Column("owner_name", String(128)),
    Column("link", String(1024)),
    Column("link_key", String(64)),
    Column("description", Text),
    Column("confirmation", Text),
    Column("target", String(16)),
    Column("edit_permission", String(16)),
    Column("is_published", Boolean),
    Column("columns", JSON),
    Column("before", JSON),
    Column("after", JSON),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
_EMPTY: Row = {
    **dict.fromkeys(("row_id", "resource_type", "external_id", "before", "after")),
    **dict.fromkeys(KEPT, ""),
    "owner": None,
    "target": None,
    "edit_permission": None,
    "is_published": True,
    "columns": [],
}
# Columns of the catalogue that say one thing together.
_TOGETHER = {"workspace": ("workspace", "workspace_id"), "owner": ("owner_id",), "link": ("link", "link_key")}


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """How many workspaces or owners nobody met yet, and the first of them."""

    count: int
    names: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        return {"count": self.count, "names": list(self.names)}


class StagedRows:
    """Rows laid out on one connection. ``changing`` are the columns of the catalogue that any of them changes."""

    def __init__(self, connection: Connection, *, corp_id: str | None) -> None:
        """Make the table, which lasts as long as the transaction (PostgreSQL) or the connection (SQLite).

        ``corp_id`` is the organisation of the owners' userids.
        """
        self.connection = connection
        self.corp_id = corp_id
        self.changing: set[str] = set()
        self._count = 0
        STAGED.create(connection)

    def add(self, changes: Changes) -> None:
        """Lay out new and changed rows; the others need nothing."""
        rows = [_row(each.values, resource_type=each.key[0], external_id=each.key[1]) for each in changes.new]
        for each in changes.changed:
            effective = {**each.kept.values, **each.wanted.values}
            told = {"before": dict(each.before), "after": dict(each.after)}
            rows.append(_row(effective, row_id=each.kept.id, **told))
            for name in (*each.after, *(("workspace",) if each.kept.is_stray else ())):
                self.changing.update(_TOGETHER.get(name, (name,)))
        for row in rows:
            self._count += 1
            row["place"] = self._count
        if rows:
            self.connection.execute(insert(STAGED), rows)

    def find_ids(self) -> None:
        """Look up the workspaces and owners that there are, so that nobody waits for it while rows are written."""
        self.connection.execute(
            update(STAGED).values(workspace_id=workspace_of_row(), owner_id=owner_of_row(self.corp_id))
        )

    def unmet_workspaces(self) -> Unmet:
        """Return the workspaces that would be made; ``find_ids`` comes first."""
        return self._unmet(
            select(STAGED.c.workspace).where(STAGED.c.workspace != "", STAGED.c.workspace_id.is_(None))
        )

    def unmet_owners(self) -> Unmet:
        """Return the userids of people whom nobody met yet; ``find_ids`` comes first."""
        return self._unmet(
            select(STAGED.c.owner).where(STAGED.c.owner.is_not(None), STAGED.c.owner_id.is_(None))
        )

    def drop(self) -> None:
        """Take the table away again, where the connection goes on."""
        STAGED.drop(self.connection)

    def _unmet(self, names: Select[tuple[str]]) -> Unmet:
        distinct = names.distinct().subquery()
        count = self.connection.scalar(select(func.count()).select_from(distinct)) or 0
        first = self.connection.scalars(select(distinct).order_by(*distinct.c).limit(MOST_NAMES_SHOWN))
        return Unmet(count=count, names=first.all())


def workspace_of_row() -> ScalarSelect[int]:
    """Return the expression for the workspace that a row names."""
    return select(Workspace.id).where(Workspace.name == STAGED.c.workspace).scalar_subquery()


def owner_of_row(corp_id: str | None) -> ScalarSelect[int]:
    """Return the expression for the owner whom a row names, among those whom the portal has met."""
    return (
        select(Person.id).where(Person.corp_id == corp_id, Person.user_id == STAGED.c.owner).scalar_subquery()
    )


def _row(values: Mapping[str, Any], **more: Any) -> Row:
    filled = {**_EMPTY, **values, **more}
    return {**filled, "link_key": link_key(filled["link"])}
