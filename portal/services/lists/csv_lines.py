"""Lines of a CSV file (RFC 4180) as spreadsheets read it without running anything that is in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

# Excel reads UTF-8 only where the file says so.
BYTE_ORDER_MARK = "\ufeff".encode()
# A cell that begins so is a formula to a spreadsheet; an apostrophe in front makes it text.
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_bytes(lines: Iterable[Iterable[object]]) -> bytes:
    """Return ``lines`` in UTF-8; empty for None."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for line in lines:
        writer.writerow([_cell(each) for each in line])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS_A_FORMULA) else text
