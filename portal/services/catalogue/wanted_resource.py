"""Catalogue rows as somebody wants them, compared with those that are there: what is new, changed, unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Person, Resource, Workspace

# What a file, a form or a sync may say of a resource. ``owner`` is a DingTalk userid, ``workspace`` a name.
KEPT = (
    "name",
    "workspace",
    "owner",
    "owner_name",
    "link",
    "description",
    "confirmation",
    "target",
    "edit_permission",
    "is_published",
    "columns",
)
# The fact of a resource that somebody retired by hand: no sync brings it back.
RETIRED = "is_retired"
# So many rows are looked up with one statement.
AT_ONCE = 1_000

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class WantedResource:
    """``values`` holds those of ``KEPT`` that are to be as given; the others stay as they are."""

    key: Key
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeptResource:
    """A row as it is now; ``is_stray`` means that it names a workspace without belonging to one, or is gone.

    ``is_retired`` means that somebody retired it by hand.
    """

    id: int
    values: Mapping[str, Any]
    is_stray: bool
    is_retired: bool


@dataclass(frozen=True, slots=True)
class ChangedResource:
    """A row and what of it becomes different."""

    kept: KeptResource
    wanted: WantedResource
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What would happen to the catalogue; ``untouched`` rows are not spoken of."""

    new: Sequence[WantedResource]
    changed: Sequence[ChangedResource]
    unchanged: int
    untouched: int

    @property
    def counts(self) -> dict[str, int]:
        return {
            "new": len(self.new),
            "changed": len(self.changed),
            "unchanged": self.unchanged,
            "untouched": self.untouched,
        }


def kept_resources(session: Session, keys: Sequence[Key]) -> dict[Key, KeptResource]:
    """Read the rows of these keys, as plain values."""
    found: dict[Key, KeptResource] = {}
    for place in range(0, len(keys), AT_ONCE):
        found |= _kept(session, frozenset(keys[place : place + AT_ONCE]))
    return found


def _kept(session: Session, keys: frozenset[Key]) -> dict[Key, KeptResource]:
    # Two plain lists, as SQLite finds no pairs by the index; what they find besides is left out below.
    types, ids = ({each[part] for each in keys} for part in (0, 1))
    statement = (
        select(
            Resource.resource_type,
            Resource.external_id,
            Resource.id,
            Resource.name,
            Resource.workspace,
            Person.user_id,
            Resource.owner_name,
            Resource.link,
            Resource.description,
            Resource.confirmation,
            Resource.target,
            Resource.edit_permission,
            Resource.is_published,
            Resource.columns,
            Resource.workspace_id,
            Resource.gone_at,
            Resource.facts,
        )
        .select_from(Resource)
        .outerjoin(Person, Resource.owner_id == Person.id)
        .where(Resource.resource_type.in_(sorted(types)), Resource.external_id.in_(sorted(ids)))
    )
    return {
        (row[0], row[1]): KeptResource(
            id=row[2],
            values=dict(zip(KEPT, row[3:14], strict=True)),
            is_stray=row[15] is not None or (bool(row[4]) and row[14] is None),
            is_retired=row[15] is not None and bool((row[16] or {}).get(RETIRED)),
        )
        for row in session.execute(statement)
        if (row[0], row[1]) in keys
    }


def compare(
    wanted: Iterable[WantedResource],
    kept: Mapping[Key, KeptResource],
    *,
    total: int,
    leaves_retired: bool = False,
) -> Changes:
    """Return what differs.

    Args:
        wanted: rows as they are to be.
        kept: rows as they are.
        total: how many there are in all.
        leaves_retired: whether what was retired by hand stays as it is; otherwise it comes back.
    """
    new, changed, unchanged = [], [], 0
    for said in wanted:
        row = kept.get(said.key)
        if row is None:
            new.append(said)
            continue
        each = _with_open_columns(said, row)
        after = {name: value for name, value in each.values.items() if row.values[name] != value}
        if leaves_retired and row.is_retired:
            unchanged += 1
        elif after or row.is_stray:
            before = {name: row.values[name] for name in after}
            changed.append(ChangedResource(row, each, before, after))
        else:
            unchanged += 1
    return Changes(new=new, changed=changed, unchanged=unchanged, untouched=total - len(changed) - unchanged)


def _with_open_columns(wanted: WantedResource, kept: KeptResource) -> WantedResource:
    """Files tell the masked columns alone: the others of a dataset stay."""
    masked, known = wanted.values.get("columns"), kept.values["columns"]
    if masked is None or not known:
        return wanted
    names = {each["name"] for each in masked}
    others = [{**each, "is_masked": False} for each in known if each["name"] not in names]
    return WantedResource(wanted.key, {**wanted.values, "columns": [*masked, *others]})


def workspaces(session: Session) -> dict[str, str | None]:
    """Return all workspaces by name, with their id in the BI tool where it is known."""
    rows = session.execute(select(Workspace.name, Workspace.external_id))
    return {row.name: row.external_id for row in rows}
