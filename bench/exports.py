"""What it costs the web process to write a million requests as one file: `python -m bench.exports`."""

from __future__ import annotations

import argparse
import http.client
import json
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from bench.figures import in_milliseconds, rounded
from bench.finding import Side, make_side
from bench.http_load import saturate
from bench.place import PORTAL, Place, wait_until_answering
from bench.process_costs import memory_megabytes

REQUESTS = 1_000_000
LOOK_EVERY_SECONDS = 0.25
PIECE_BYTES = 256 * 1024


def measure(*, requests: int = REQUESTS) -> dict[str, Any]:
    """Export ``requests`` requests from a served portal; memory is the process's own, above what it had before."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder, Place(Path(folder)) as place:
        return export_of(place, make_side(place, requests))


def export_of(place: Place, side: Side) -> dict[str, Any]:
    """Export everything that ``side`` has while somebody else looks at a page again and again."""
    process = place.start(PORTAL, "serve", name="portal")
    wait_until_answering(f"{place.demo.portal_url}/health/live")
    port, cookie = place.demo.portal_port, side.admin.cookie
    page = f"GET /requests/all HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode()
    alone = saturate(port, [page] * 100, connections=2)
    before = memory_megabytes(process.pid)["rss_mb"]
    seen, ended = [before], threading.Event()
    watching = threading.Thread(target=_watch, args=(process.pid, seen, ended), daemon=True)
    latencies: list[float] = []
    visiting = threading.Thread(target=_visit, args=(port, page, latencies, ended), daemon=True)
    watching.start()
    visiting.start()
    began = time.perf_counter()
    lines, size, first_seconds = _fetch(port, cookie, began=began)
    seconds = time.perf_counter() - began
    ended.set()
    watching.join()
    visiting.join()
    place.end(process)
    return {
        "requests": side.requests,
        "lines": lines,
        "megabytes": rounded(size / 1e6),
        "seconds": rounded(seconds),
        "first_piece_ms": rounded(first_seconds * 1000),
        "lines_a_second": rounded(lines / seconds),
        "rss_before_mb": rounded(before),
        "rss_most_mb": rounded(max(seen)),
        "rss_grown_mb": rounded(max(seen) - before),
        "page_alone": in_milliseconds(alone.latencies),
        "page_meanwhile": in_milliseconds(latencies),
    }


def _fetch(port: int, cookie: str, *, began: float) -> tuple[int, int, float]:
    """Return lines (without the heading), bytes, and when the first of them was there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("GET", "/requests/all", headers=headers)
    found = re.search(r'name="csrf_token" value="([^"]+)"', connection.getresponse().read().decode())
    assert found, "the page has no form"
    connection.request("POST", "/lists/requests/export", body=f"csrf_token={found[1]}", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    lines, size, first_seconds = 0, 0, 0.0
    while piece := answer.read(PIECE_BYTES):
        first_seconds = first_seconds or time.perf_counter() - began
        lines += piece.count(b"\n")  # a piece may end between the two characters of a line end
        size += len(piece)
    return lines - 1, size, first_seconds


def _watch(pid: int, seen: list[float], ended: threading.Event) -> None:
    while not ended.wait(LOOK_EVERY_SECONDS):
        seen.append(memory_megabytes(pid)["rss_mb"])


def _visit(port: int, page: bytes, latencies: list[float], ended: threading.Event) -> None:
    while not ended.wait(LOOK_EVERY_SECONDS):
        latencies += saturate(port, [page], connections=1).latencies


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    print(json.dumps(measure(requests=parser.parse_args().requests), indent=2))
