"""One child's log file: what it writes goes there, and warnings are picked out for the console."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

KEPT_BYTES = 5_000_000
LONGEST_SHOWN_CHARACTERS = 300
LOUD = {"warning", "error", "critical"}
LOUD_LINE = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|\[(warning|error|critical)\s*\]")
UNSHOWN = {"event", "level", "timestamp", "exception"}  # a traceback stays in the log
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class LogTail:
    """The end of the log at `path`, from now on. A log that has grown large makes way for a new one."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > KEPT_BYTES:
            path.replace(path.with_suffix(".old.log"))
        self.path = path
        self._written: BinaryIO = path.open("ab")
        self._read: BinaryIO = path.open("rb")
        self._read.seek(0, 2)
        self._last_shown = ""

    def descriptor(self) -> int:
        """Where a child writes."""
        return self._written.fileno()

    def new_warnings(self) -> Iterator[str]:
        """What was written since the last look and needs a person's eye; the same thing again only once."""
        while line := self._read.readline():
            if not line.endswith(b"\n"):
                self._read.seek(-len(line), 1)  # still being written
                return
            shown = _loud(line.decode(errors="replace"))
            if shown and shown != self._last_shown:
                self._last_shown = shown
                yield shown

    def last_line(self) -> str:
        """What was said last; empty where nothing was."""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
        return next((_readable(line) for line in reversed(lines) if line.strip()), "")

    def close(self) -> None:
        self._written.close()
        self._read.close()


def _loud(line: str) -> str:
    entry = _entry(line)
    if entry is not None:
        return _readable(line) if str(entry.get("level", "")).lower() in LOUD else ""
    return _readable(line) if LOUD_LINE.search(COLOUR.sub("", line)) else ""


def _readable(line: str) -> str:
    entry = _entry(line)
    if entry is None:
        text = COLOUR.sub("", line).strip()
    else:
        rest = (
            f"{name}={value}" for name, value in entry.items() if name not in {"event", "level", "timestamp"}
        )
        text = " ".join([f"{entry.get('level', '')}:", str(entry.get("event", "")), *rest])
    return text if len(text) <= LONGEST_SHOWN_CHARACTERS else f"{text[:LONGEST_SHOWN_CHARACTERS]} ..."


def _entry(line: str) -> dict[str, object] | None:
    """A line of structured logging, if it is one."""
    if not line.startswith("{"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
