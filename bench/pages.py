"""Server time of the pages people wait for, and of submitting a request."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

from bench.figures import in_milliseconds, rounded
from bench.in_process import Answer, Browser, Requester

CALLS = 300
WARM_UP = 30
REQUESTS_LISTED = 50


def measure(*, alice: Browser, bob: Browser, decided: str) -> dict[str, Any]:
    """Return figures by page. ``decided`` is the number of a request whose whole story has happened."""
    requester = Requester(bob)
    submitted = [requester.ask() for _ in range(REQUESTS_LISTED)]
    status_page = f"/requests/{decided}"
    shown = {
        "settings": lambda: alice.get("/settings/approval"),
        "request_status": lambda: bob.get(status_page),
        "request_status_live": lambda: bob.get(f"{status_page}/status"),
        "my_requests": lambda: bob.get("/requests"),
        "request_form": lambda: bob.get(
            "/requests/new?resource_type=dashboard&resource_id=sales-overview&level=view"
        ),
    }
    waiting = _seen_address(bob, submitted[-1].location)
    pages = {name: _repeated(call, expected=200) for name, call in shown.items()}
    pages["request_status_unchanged"] = _repeated(lambda: bob.get(waiting), expected=204)
    return {"pages": pages, "submit": _repeated(requester.ask, expected=303)}


def _seen_address(bob: Browser, location: str) -> str:
    """Return what the open page of a request asks every second while nothing has changed."""
    page = bob.get(location).text
    return page.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")


def _repeated(call: Callable[[], Answer], *, expected: int) -> dict[str, Any]:
    for _ in range(WARM_UP):
        call()
    answers = [call() for _ in range(CALLS)]
    assert {answer.status for answer in answers} == {expected}, answers[0]
    return {
        **in_milliseconds([answer.seconds for answer in answers]),
        "cpu_p50_ms": rounded(median(answer.cpu_seconds for answer in answers) * 1000),
        "statements": round(median(answer.statements for answer in answers)),
        "bytes": len(answers[-1].text.encode()),
    }
