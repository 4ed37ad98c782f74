"""Callback intake: throughput next to a floor in alternating rounds, and latency at a fixed rate."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import in_milliseconds, rounded
from bench.http_load import Load, arrive, saturate
from bench.place import PORTAL, Place, free_port, wait_until_answering
from bench.sealed_events import sealed_events

ROUNDS = 5
REQUESTS_A_ROUND = 2000
WARM_UP = 400
CONNECTIONS = 8
ARRIVALS_PER_SECOND = 100
ARRIVAL_SECONDS = 15


def measure() -> dict[str, Any]:
    """Return throughput, latencies and the ratio to the floor."""
    with tempfile.TemporaryDirectory() as folder, Place(Path(folder)) as place:
        floor_port = free_port()
        place.start(PORTAL, "serve", name="portal")
        place.start(
            *(sys.executable, "-m", "bench.floor"),
            *(str(floor_port), f"{folder}/floor.sqlite3", place.keys.callback_aes_key),
            name="floor",
        )
        wait_until_answering(f"{place.demo.portal_url}/health/live")
        ports = {"portal": place.demo.portal_port, "floor": floor_port}
        rounds = _alternate(place, ports)
        at_rate = _at_a_fixed_rate(place)
    throughput = {name: [each.per_second for each in loads] for name, loads in rounds.items()}
    return {
        "connections": CONNECTIONS,
        "rounds": ROUNDS,
        "requests_a_round": REQUESTS_A_ROUND,
        **{name: _summed_up(loads) for name, loads in rounds.items()},
        "ratio_to_floor": rounded(median(throughput["portal"]) / median(throughput["floor"])),
        "at_100_a_second": in_milliseconds(at_rate.latencies),
    }


def _alternate(place: Place, ports: dict[str, int]) -> dict[str, list[Load]]:
    rounds: dict[str, list[Load]] = {name: [] for name in ports}
    for name, port in ports.items():
        _wait_for(port)
        saturate(port, _sealed(place, port, WARM_UP), connections=CONNECTIONS)
    for _ in range(ROUNDS):
        for name, port in ports.items():
            requests = _sealed(place, port, REQUESTS_A_ROUND)
            rounds[name].append(saturate(port, requests, connections=CONNECTIONS))
    return rounds


def _at_a_fixed_rate(place: Place) -> Load:
    """With the worker sorting what arrives, as in real life."""
    place.start(PORTAL, "worker", name="worker")
    wait_until_answering(f"{place.demo.portal_url}/health/ready")
    port = place.demo.portal_port
    requests = _sealed(place, port, ARRIVALS_PER_SECOND * ARRIVAL_SECONDS)
    return arrive(port, requests, per_second=ARRIVALS_PER_SECOND, connections=32)


def _summed_up(loads: list[Load]) -> dict[str, Any]:
    every = [latency for load in loads for latency in load.latencies]
    return {
        "per_second": rounded(median(load.per_second for load in loads)),
        "per_second_by_round": [rounded(load.per_second) for load in loads],
        **in_milliseconds(every),
    }


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
    import socket
    import time

    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")
