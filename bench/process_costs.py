"""What a process has used, as Linux counts it."""

from __future__ import annotations

import os
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time, in user and system mode, of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def memory_megabytes(pid: int) -> dict[str, float]:
    """Return resident memory (RSS), and the share of it when shared pages are split fairly (PSS)."""
    found: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in {"Rss", "Pss"}:
            found[f"{name.lower()}_mb"] = round(int(rest.split()[0]) / 1024, 1)
    return found
