"""A CSV file's bytes as rows of text, whatever program wrote it."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from portal.services.faults import FieldFault

LARGEST_FILE_BYTES = 64 * 1024 * 1024
MOST_LINES = 100_000
_SEPARATORS = (",", ";", "\t")
_TEXT_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Text that a spreadsheet would run as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file, counted as an editor counts (a cell may span several), and its cells."""

    line: int
    cells: list[str]


def text_in(content: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark, or GB18030 (what Excel writes in Chinese).

    Raises ``FieldFault`` on ``file``: ``empty``, ``too_large``, ``encoding``.
    """
    if not content.strip():
        raise FieldFault("file", "empty")
    if len(content) > LARGEST_FILE_BYTES:
        raise FieldFault("file", "too_large", limit=str(LARGEST_FILE_BYTES // 1024 // 1024))
    if content.startswith(_BYTE_ORDER_MARKS) or b"\x00" in content:
        raise FieldFault("file", "encoding")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FieldFault("file", "encoding")


def rows_in(text: str) -> Iterator[Row]:
    """Split into rows, empty ones left out; the separator is the one that the first line uses most.

    Raises ``FieldFault`` on ``file``: ``too_many_lines``, or ``not_csv`` with the line.
    """
    first = _TEXT_LINE.match(text)
    separator = max(_SEPARATORS, key=first[0].count) if first else ","
    # Its limit on cells is one for the whole process, so cells are measured where they are looked at.
    # Line by line, since a file object over the text would copy all of it at four bytes a character.
    text_lines = (each[0] for each in _TEXT_LINE.finditer(text))
    reader = csv.reader(text_lines, delimiter=separator, strict=True)
    starts, count = 1, 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FieldFault("file", "not_csv", line=str(starts)) from error
        if any(cell.strip() for cell in cells):
            count += 1
            if count > MOST_LINES + 1:
                raise FieldFault("file", "too_many_lines", limit=str(MOST_LINES))
            yield Row(starts, cells)
        starts = reader.line_num + 1


def cell_for_a_spreadsheet(text: str) -> str:
    """Return what is written into a cell so that a spreadsheet shows it as text and runs nothing."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def text_of_cell(cell: str) -> str:
    """Undo ``cell_for_a_spreadsheet``; spaces around are nobody's intention."""
    stripped = cell.strip()
    is_marked = stripped.startswith("'") and stripped[1:].lstrip(" ").startswith(_FORMULA_STARTS)
    return stripped[1:].strip() if is_marked else stripped
