"""How long the demo takes to start, what the imports cost, and the memory of what runs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import rounded
from bench.place import PORTAL, Place, wait_until_answering
from bench.process_costs import memory_megabytes

WARM_STARTS = 3
IMPORTS = {
    "portal": "portal.application",
    "worker": "portal.workflows.worker",
    "sandbox": "portal.sandbox.server",
}


def start_demo(place: Place) -> tuple[subprocess.Popen[bytes], float]:
    """Start the demo and return it with the seconds until it was ready."""
    began = time.perf_counter()
    demo = place.start(PORTAL, "demo", name="demo")
    return demo, wait_until_answering(f"{place.demo.portal_url}/health/ready") - began


def warm_starts(place: Place) -> list[float]:
    """Start the demo a few times on data that is there already; returns the seconds until ready."""
    found: list[float] = []
    for _ in range(WARM_STARTS):
        demo, seconds = start_demo(place)
        place.end(demo)
        found.append(seconds)
    return found


def summed_up(*, first: float, warm: list[float]) -> dict[str, Any]:
    return {
        "first_start_s": rounded(first),
        "warm_start_s": rounded(median(warm)),
        "warm_starts_s": [rounded(each) for each in warm],
        "imports_s": {name: rounded(_import_seconds(module)) for name, module in IMPORTS.items()},
    }


def memory_by_process(demo_pid: int) -> dict[str, Any]:
    """Return the memory of the demo's processes, by the command that each runs, and of all three together."""
    found: dict[str, Any] = {}
    for child in Path(f"/proc/{demo_pid}/task/{demo_pid}/children").read_text().split():
        name = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[-2].decode()
        found[{"serve": "portal"}.get(name, name)] = memory_megabytes(int(child))
    together = {key: rounded(sum(each[key] for each in found.values())) for key in ("pss_mb", "rss_mb")}
    return {**found, "together": together}


def _import_seconds(module: str) -> float:
    """Return what importing ``module`` adds to a bare interpreter, with its bytecode already compiled."""
    return _run_seconds(f"import {module}") - _run_seconds("pass")


def _run_seconds(statement: str) -> float:
    tries: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        tries.append(time.perf_counter() - began)
    return min(tries)
