"""Ways to requests (or grants), newest first: each is read off an index that ends in the row's id.

Ids are given in the order of asking, so the newest have the largest. Whoever follows a stream gets as many
ids as they ask for at the same cost, however many requests there are in all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.models import AccessRequest

Column = InstrumentedAttribute[Any]


@dataclass(frozen=True, kw_only=True)
class IdRange:
    """One stream: the rows with these ids, by their primary key ``root``."""

    ids: range
    root: Column = field(default_factory=lambda: AccessRequest.id)
    width: ClassVar[int] = 1

    def between(self, *, before: int, back_to: int) -> Select[tuple[int]]:
        """Return the ids from ``back_to`` on, and smaller than ``before``."""
        # One bound on either side: SQLite begins at the first that it reads, which need not be the nearest.
        return (
            select(self.root)
            .where(*_range(self.root, self._before(before), max(back_to, self.ids.start)))
            .correlate(None)
        )

    def ends(self, *, before: int, rows: int) -> Select[tuple[int | None]]:
        """Return the id that comes ``rows`` rows before ``before``, NULL where the range has fewer."""
        row = _nth(self.root, self._before(before), rows).where(self.root >= self.ids.start)
        return select(row.correlate(None).scalar_subquery())

    def _before(self, before: int) -> int:
        return min(before, self.ids.stop)


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One stream: of the rows that ``belongs`` is true of; ``ids`` is their column with the id looked for."""

    ids: Column
    belongs: ColumnElement[bool]
    width: ClassVar[int] = 1

    def between(self, *, before: int, back_to: int) -> Select[tuple[int]]:
        """Return the ids from ``back_to`` on, and smaller than ``before``."""
        return select(self.ids).where(self.belongs, *_range(self.ids, before, back_to)).correlate(None)

    def ends(self, *, before: int, rows: int) -> Select[tuple[int | None]]:
        """Return the id that comes ``rows`` rows before ``before``, NULL where the stream has fewer."""
        row = _nth(self.ids, before, rows).where(self.belongs)
        return select(row.correlate(None).scalar_subquery())


@dataclass(frozen=True, kw_only=True)
class StreamsOfMany:
    """One stream for each of ``owners``, who are rows of the table of ``owner_ids`` (people, resources).

    ``key`` is the column that names the owner beside ``ids``.
    """

    ids: Column
    key: Column
    owner_ids: Column
    owners: tuple[int, ...]

    @property
    def width(self) -> int:
        """How many streams there are."""
        return len(self.owners)

    def between(self, *, before: int, back_to: int) -> Select[tuple[int]]:
        """Return the ids from ``back_to`` on, and smaller than ``before``, of all owners."""
        theirs = self.key.in_(self.owners)
        return select(self.ids).where(theirs, *_range(self.ids, before, back_to)).correlate(None)

    def ends(self, *, before: int, rows: int) -> Select[tuple[int | None]]:
        """Return for each owner the id that comes ``rows`` rows before ``before``, NULL where they have fewer."""
        row = _nth(self.ids, before, rows).where(self.key == self.owner_ids)
        owner = self.owner_ids.class_
        return select(row.correlate(owner).scalar_subquery()).where(self.owner_ids.in_(self.owners))


def _range(ids: Column, before: int, back_to: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ids < before, ids >= back_to


def _nth(ids: Column, before: int, rows: int) -> Select[tuple[int]]:
    return select(ids).where(ids < before).order_by(ids.desc()).offset(rows - 1).limit(1)
