"""Measures everything once, writes ``bench/results.json`` and shows it against the goals."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import (
    busy_worker,
    callback_intake,
    exports,
    finding,
    grants_due,
    machine,
    outcomes,
    pages,
    start_up,
    worker_drain,
)
from bench.goals import judged, table
from bench.in_process import InProcessPortal
from bench.place import Place

RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """Run every measurement; the exit code is 0 whether goals are met or not, as machines differ."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        results: dict[str, Any] = {"machine": machine.describe(Path(folder))}
    _say("callback intake, in turns with its floor ...")
    results["callback_intake"] = callback_intake.measure()
    results |= _measure_a_demo()
    _say("lists, detail and search with 10,000 and with 1,000,000 requests ...")
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        results["finding"] = finding.measure(Path(folder))
    _say("a million requests as one file ...")
    results["exports"] = exports.measure()
    _say("grants that fall due, over three minutes and all at once ...")
    results["grants_due"] = grants_due.measure()
    _say("two workers and one ...")
    drained = worker_drain.measure()
    if drained is None:
        _say("... left out: PORTAL_TEST_POSTGRESQL_URL does not name a PostgreSQL server")
    else:
        results["worker_drain"] = drained
    results["goals"] = judged(results)
    results["took_seconds"] = round(time.monotonic() - began)
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(results))
    return 0


def _measure_a_demo() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder, Place(Path(folder)) as place:
        _say("first start ...")
        demo, first = start_up.start_demo(place)
        portal = InProcessPortal(place)
        alice, bob = portal.sign_in("alice"), portal.sign_in("bob")
        portal.set_up_approval()
        _say("from the event to the page ...")
        event_to_page, decided = outcomes.measure(place, portal, bob)
        time.sleep(3)
        memory = start_up.memory_by_process(demo.pid)
        _say("callbacks while the worker is busy ...")
        busy = busy_worker.measure(place, portal, bob)
        place.end(demo)
        _say("pages and submitting ...")
        answered = pages.measure(alice=alice, bob=bob, decided=decided)
        _say("warm starts ...")
        started = start_up.summed_up(first=first, warm=start_up.warm_starts(place))
    return {
        "callbacks_with_busy_worker": busy,
        "event_to_page": event_to_page,
        **answered,
        "start_up": started,
        "memory": memory,
    }


def _say(step: str) -> None:
    print(f"Measuring: {step}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
