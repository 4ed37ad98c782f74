"""What the figures were measured on: they mean nothing without it."""

from __future__ import annotations

import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.figures import in_milliseconds
from portal.database import sqlite_driver

PACKAGES = ("flask", "sqlalchemy", "waitress", "dbos", "pysqlite3")


def describe(folder: Path) -> dict[str, Any]:
    """Return date, processor, versions, how busy the machine is and what making a write durable costs."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "fdatasync_4k": _fdatasync(folder),
        "python": platform.python_version(),
        "sqlite": sqlite_driver().sqlite_version,
        "packages": {name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _fdatasync(folder: Path) -> dict[str, float]:
    taken: list[float] = []
    with (folder / "durable").open("wb") as file:
        for _ in range(200):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return in_milliseconds(taken)
