"""Callback intake: throughput next to a floor in alternating rounds, and latency at a fixed rate."""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import in_milliseconds, rounded
from bench.http_load import Load, arrive, saturate
from bench.place import PORTAL, Place, free_port, wait_until_answering
from bench.process_costs import cpu_seconds
from bench.sealed_events import sealed_events
from portal.database import sqlite_driver

ROUNDS = 5
REQUESTS_A_ROUND = 1500
WARM_UP = 400
CONNECTIONS = 8
ARRIVALS_PER_SECOND = 100
ARRIVAL_SECONDS = 12
CATCHING_UP_SECONDS = 90


def measure() -> dict[str, Any]:
    """Return throughput, latencies and the ratio to the floor."""
    with tempfile.TemporaryDirectory() as folder, Place(Path(folder)) as place:
        floor_port = free_port()
        portal = place.start(PORTAL, "serve", name="portal")
        floor = place.start(
            *(sys.executable, "-m", "bench.floor"),
            *(str(floor_port), f"{folder}/floor.sqlite3", place.keys.callback_aes_key),
            name="floor",
        )
        wait_until_answering(f"{place.demo.portal_url}/health/live")
        sides = (
            Side("floor", port=floor_port, pid=floor.pid),
            Side("portal", port=place.demo.portal_port, pid=portal.pid),
        )
        _alternate(place, sides)
        place.start(PORTAL, "worker", name="worker")
        _let_the_worker_catch_up(place)
        at_rate = {side.name: in_milliseconds(_at_a_fixed_rate(place, side.port).latencies) for side in sides}
    return {
        "connections": CONNECTIONS,
        "rounds": ROUNDS,
        "requests_a_round": REQUESTS_A_ROUND,
        **{side.name: side.summed_up() for side in sides},
        "ratio_to_floor": rounded(sides[1].per_second / sides[0].per_second),
        "at_100_a_second": at_rate["portal"],
        "floor_at_100_a_second": at_rate["floor"],
    }


@dataclass
class Side:
    """One of the two servers that take turns."""

    name: str
    port: int
    pid: int
    loads: list[Load] = field(default_factory=list)
    cpu_seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return median(load.per_second for load in self.loads)

    def saturate(self, requests: list[bytes]) -> None:
        before = cpu_seconds(self.pid)
        self.loads.append(saturate(self.port, requests, connections=CONNECTIONS))
        self.cpu_seconds += cpu_seconds(self.pid) - before

    def summed_up(self) -> dict[str, Any]:
        latencies = [latency for load in self.loads for latency in load.latencies]
        return {
            "per_second": rounded(self.per_second),
            "per_second_by_round": [rounded(load.per_second) for load in self.loads],
            "cpu_ms_a_request": rounded(self.cpu_seconds * 1000 / len(latencies)),
            **in_milliseconds(latencies),
        }


def _alternate(place: Place, sides: Sequence[Side]) -> None:
    for side in sides:
        _wait_for(side.port)
        saturate(side.port, _sealed(place, side.port, WARM_UP), connections=CONNECTIONS)
    for _ in range(ROUNDS):
        for side in sides:
            side.saturate(_sealed(place, side.port, REQUESTS_A_ROUND))


def _at_a_fixed_rate(place: Place, port: int) -> Load:
    """With the worker sorting what arrives, as in real life."""
    requests = _sealed(place, port, ARRIVALS_PER_SECOND * ARRIVAL_SECONDS)
    return arrive(port, requests, per_second=ARRIVALS_PER_SECOND, connections=32)


def _let_the_worker_catch_up(place: Place) -> None:
    """Wait until nothing of the rounds before is left to sort."""
    wait_until_answering(f"{place.demo.portal_url}/health/ready")
    connection = sqlite_driver().connect(str(place.demo.instance / "portal.sqlite3"))
    deadline = time.monotonic() + CATCHING_UP_SECONDS
    try:
        while connection.execute("SELECT 1 FROM portal_callback_event WHERE due_at IS NOT NULL").fetchone():
            if time.monotonic() > deadline:
                raise TimeoutError("the worker did not sort the events in time")
            time.sleep(0.2)
    finally:
        connection.close()


def _sealed(place: Place, port: int, count: int) -> list[bytes]:
    keys = place.keys
    return sealed_events(
        count,
        port=port,
        corp_id=keys.corp_id,
        app_key=keys.app_key,
        token=keys.callback_token,
        aes_key=keys.callback_aes_key,
    )


def _wait_for(port: int) -> None:
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")
