"""What the lines of an import file want, and what is wrong with them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal.grants.grant_target import TargetName
from portal.models.resource import EditPermission, ResourceType
from portal.rules.resource_link import is_link
from portal.services.catalogue.csv_text import Row, text_of_cell
from portal.services.catalogue.wanted_resource import WantedResource
from portal.services.faults import FieldFault


class Column(StrEnum):
    """Columns by the names in the first line, in any order; the first three must be there."""

    RESOURCE_TYPE = "resource_type"
    EXTERNAL_ID = "external_id"
    NAME = "name"
    WORKSPACE = "workspace"
    WORKSPACE_ID = "workspace_id"
    OWNER = "owner"
    OWNER_NAME = "owner_name"
    LINK = "link"
    DESCRIPTION = "description"
    CONFIRMATION = "confirmation"
    TARGET = "target"
    EDIT_PERMISSION = "edit_permission"
    MASKED_COLUMNS = "masked_columns"


NEEDED = (Column.RESOURCE_TYPE, Column.EXTERNAL_ID, Column.NAME)
LONGEST = {
    Column.EXTERNAL_ID: 128,
    Column.NAME: 200,
    Column.WORKSPACE: 200,
    Column.WORKSPACE_ID: 128,
    Column.OWNER: 64,
    Column.OWNER_NAME: 128,
    Column.LINK: 1024,
    Column.DESCRIPTION: 4000,
    Column.CONFIRMATION: 2000,
    Column.MASKED_COLUMNS: 10_000,
}
_ONE_OF = {
    Column.RESOURCE_TYPE: frozenset(each.value for each in ResourceType),
    Column.TARGET: frozenset(each.value for each in TargetName) | {""},
    Column.EDIT_PERMISSION: frozenset(each.value for each in EditPermission) | {""},
}
_SEVERAL_LINES = {Column.DESCRIPTION, Column.CONFIRMATION}
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]*")
LONGEST_EXCERPT = 40
MOST_FAULTS_KEPT = 200


class LineReason(StrEnum):
    """What is wrong with a line of the file."""

    CELLS = "cells"
    MISSING = "missing"
    TOO_LONG = "too_long"
    CONTROL_CHARACTERS = "control_characters"
    NOT_ONE_OF = "not_one_of"
    NOT_A_LINK = "not_a_link"
    DUPLICATE = "duplicate"
    NO_MASKED_COLUMNS = "no_masked_columns"
    NO_ORGANISATION = "no_organisation"
    WORKSPACE_UNKNOWN = "workspace_unknown"
    WORKSPACE_DIFFERS = "workspace_differs"


@dataclass(frozen=True, slots=True)
class LineFault:
    """``told`` is what the sentence names: the cell, shortened, or another line's number."""

    line: int
    column: str
    reason: LineReason
    told: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"line": self.line, "column": self.column, "reason": self.reason.value, "told": self.told}


class Lines:
    """The lines of a file, read while they are asked for; what is wrong with them is known when all were read.

    ``count`` and ``fault_count`` say how many there are, ``faults`` holds the first of them. Nothing counts where
    there is a fault. ``workspace_ids`` are the ids in the BI tool that the lines tell of workspaces, by name.
    """

    def __init__(
        self, rows: Iterable[Row], *, workspaces: Mapping[str, str | None], has_organisation: bool
    ) -> None:
        """Begin to read.

        Args:
            rows: the file's, the first of them naming the columns.
            workspaces: those there are by name, with their id in the BI tool where it is known.
            has_organisation: whether owners can be named by their DingTalk userid.

        Raises ``FieldFault`` on ``file`` when the first line does not name the columns: ``no_column``,
        ``column_unknown``, ``column_twice``, each with the column.
        """
        self.count = 0
        self.fault_count = 0
        self.faults: list[LineFault] = []
        self.workspace_ids = {name: workspace_id for name, workspace_id in workspaces.items() if workspace_id}
        self._names = {workspace_id: name for name, workspace_id in self.workspace_ids.items()}
        self._has_organisation = has_organisation
        self._seen_at: dict[str, int] = {}
        self._rows = iter(rows)
        self._header = _header(next(self._rows, Row(1, [])).cells)

    def wanted(self) -> Iterator[WantedResource]:
        """Read every line, whatever is wrong with others, and tell what those want that nothing is wrong with."""
        for row in self._rows:
            self.count += 1
            if len(row.cells) != len(self._header):
                told = f"{len(row.cells)}/{len(self._header)}"
                self._blame([LineFault(row.line, "", LineReason.CELLS, told)])
                continue
            cells = dict(zip(self._header, map(text_of_cell, row.cells), strict=True))
            faults = _faults(row.line, cells, has_organisation=self._has_organisation)
            faults += _workspace_faults(row.line, cells, ids=self.workspace_ids, names=self._names)
            key = cells[Column.RESOURCE_TYPE], cells[Column.EXTERNAL_ID]
            first_line = self._seen_at.setdefault("\0".join(key), row.line)
            if not faults and first_line != row.line:
                faults = [LineFault(row.line, Column.EXTERNAL_ID, LineReason.DUPLICATE, str(first_line))]
            self._blame(faults)
            if not faults:
                yield WantedResource(key, _values(cells, self._names))

    def _blame(self, faults: Sequence[LineFault]) -> None:
        self.fault_count += len(faults)
        self.faults += faults[: MOST_FAULTS_KEPT - len(self.faults)]


def _header(cells: list[str]) -> list[Column]:
    names = [cell.strip().casefold() for cell in cells]
    for name in names:
        if name not in set(Column):
            raise FieldFault("file", "column_unknown", column=_excerpt(name))
        if names.count(name) > 1:
            raise FieldFault("file", "column_twice", column=name)
    for needed in NEEDED:
        if needed.value not in names:
            raise FieldFault("file", "no_column", column=needed.value)
    return [Column(name) for name in names]


def _faults(line: int, cells: Mapping[Column, str], *, has_organisation: bool) -> list[LineFault]:
    faults = []
    for column, text in cells.items():
        reason = _cell_fault(column, text)
        if reason is not None:
            faults.append(LineFault(line, column, reason, _excerpt(text)))
    if cells.get(Column.MASKED_COLUMNS) and cells[Column.RESOURCE_TYPE] != ResourceType.DATASET:
        faults.append(LineFault(line, Column.MASKED_COLUMNS, LineReason.NO_MASKED_COLUMNS))
    if cells.get(Column.OWNER) and not has_organisation:
        faults.append(LineFault(line, Column.OWNER, LineReason.NO_ORGANISATION))
    return faults


def _workspace_faults(
    line: int, cells: Mapping[Column, str], *, ids: dict[str, str], names: dict[str, str]
) -> list[LineFault]:
    """Compare a workspace's id and name with what is known, and learn a new pair of them."""
    workspace_id, name = cells.get(Column.WORKSPACE_ID), cells.get(Column.WORKSPACE)
    if not workspace_id or len(workspace_id) > LONGEST[Column.WORKSPACE_ID]:
        return []
    if not name:
        is_known = workspace_id in names
        told = _excerpt(workspace_id)
        return [] if is_known else [LineFault(line, Column.WORKSPACE_ID, LineReason.WORKSPACE_UNKNOWN, told)]
    if names.setdefault(workspace_id, name) != name:
        return [
            LineFault(line, Column.WORKSPACE, LineReason.WORKSPACE_DIFFERS, _excerpt(names[workspace_id]))
        ]
    if ids.setdefault(name, workspace_id) != workspace_id:
        return [LineFault(line, Column.WORKSPACE_ID, LineReason.WORKSPACE_DIFFERS, _excerpt(ids[name]))]
    return []


def _cell_fault(column: Column, text: str) -> LineReason | None:
    if not text:
        return LineReason.MISSING if column in NEEDED else None
    if len(text) > LONGEST.get(column, LONGEST[Column.EXTERNAL_ID]):
        return LineReason.TOO_LONG
    plain = (
        text.replace("\n", " ").replace("\r", " ").replace("\t", " ") if column in _SEVERAL_LINES else text
    )
    if not _PLAIN.fullmatch(plain):
        return LineReason.CONTROL_CHARACTERS
    if text not in _ONE_OF.get(column, (text,)):
        return LineReason.NOT_ONE_OF
    if column == Column.LINK and not is_link(text):
        return LineReason.NOT_A_LINK
    return None


def _values(cells: Mapping[Column, str], names: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {
        column.value: text
        for column, text in cells.items()
        if column
        not in (Column.RESOURCE_TYPE, Column.EXTERNAL_ID, Column.WORKSPACE_ID, Column.MASKED_COLUMNS)
    }
    for column in (Column.OWNER, Column.TARGET, Column.EDIT_PERMISSION):
        if column in values:
            values[column.value] = values[column.value] or None
    if cells.get(Column.WORKSPACE_ID):
        values[Column.WORKSPACE.value] = names[cells[Column.WORKSPACE_ID]]
    if Column.MASKED_COLUMNS in cells:
        values["columns"] = columns_in(cells[Column.MASKED_COLUMNS])
    return values


def columns_in(text: str) -> list[dict[str, Any]]:
    """Return the masked columns that ``name:label; name; …`` tells; without a label the name is shown."""
    columns = {}
    for part in re.split(r"[;；\n]", text):
        name, _, label = part.strip().partition(":")
        if name.strip():
            columns[name.strip()] = label.strip() or name.strip()
    return [{"name": name, "label": label, "is_masked": True} for name, label in columns.items()]


def columns_text(columns: Iterable[Mapping[str, Any]]) -> str:
    """Write masked columns as ``columns_in`` reads them."""
    masked = [each for each in columns if each.get("is_masked")]
    return "; ".join(
        each["name"] if each.get("label") in (None, "", each["name"]) else f"{each['name']}:{each['label']}"
        for each in masked
    )


def _excerpt(text: str) -> str:
    shown = "".join(each if unicodedata.category(each)[0] != "C" else "�" for each in text)
    return shown if len(shown) <= LONGEST_EXCERPT else f"{shown[: LONGEST_EXCERPT - 1]}…"
