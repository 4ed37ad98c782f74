"""What the portal should cost at most, and how the figures compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A bound on the figure at ``path``."""

    words: str
    path: tuple[str, ...]
    unit: str = "ms"
    at_most: float | None = None
    at_least: float | None = None

    def is_met(self, figure: float) -> bool:
        return (self.at_most is None or figure <= self.at_most) and (
            self.at_least is None or figure >= self.at_least
        )

    def bound(self) -> str:
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"


GOALS = (
    Goal(
        words="Callback throughput, share of the floor's",
        path=("callback_intake", "ratio_to_floor"),
        unit="",
        at_least=0.8,
    ),
    Goal(words="Callback p99 at 100/s", path=("callback_intake", "at_100_a_second", "p99_ms"), at_most=50),
    Goal(
        words="Callback p99 at 200/s, worker busy",
        path=("callbacks_with_busy_worker", "p99_ms"),
        at_most=50,
    ),
    Goal(words="Event to status page, p95", path=("event_to_page", "p95_ms"), at_most=2000),
    Goal(words="Settings page, p95", path=("pages", "settings", "p95_ms"), at_most=15),
    Goal(words="Status page, p95", path=("pages", "request_status", "p95_ms"), at_most=15),
    Goal(words="Status page, live part, p95", path=("pages", "request_status_live", "p95_ms"), at_most=15),
    Goal(
        words="Status page, nothing new, p95",
        path=("pages", "request_status_unchanged", "p95_ms"),
        at_most=15,
    ),
    Goal(words="My requests (50), p95", path=("pages", "my_requests", "p95_ms"), at_most=15),
    Goal(words="Request form, p95", path=("pages", "request_form", "p95_ms"), at_most=15),
    Goal(words="Submit a request, p50", path=("submit", "p50_ms"), at_most=10),
    *(
        Goal(
            words=f"{words}: a million against 10,000 requests",
            path=("finding", "pages", page, "ratio"),
            unit="",
            at_most=1.5,
        )
        for words, page in (
            ("List, first page", "list_first_page"),
            ("List, page 50", "list_page_50"),
            ("Detail", "detail"),
            ("Search, number", "search_number_prefix"),
            ("Search, person", "search_person"),
            ("Search, resource", "search_resource_part"),
            ("Search, two Chinese characters", "search_two_chinese_frequent"),
        )
    ),
    Goal(
        words="List of a million, p50",
        path=("finding", "pages", "list_first_page", "1000000", "p50_ms"),
        at_most=6,
    ),
    Goal(
        words="Search in a million, p50",
        path=("finding", "pages", "search_person", "1000000", "p50_ms"),
        at_most=12,
    ),
    Goal(
        words="Detail of a million, p50", path=("finding", "pages", "detail", "1000000", "p50_ms"), at_most=2
    ),
    Goal(
        words="List of a million at 16 clients",
        path=("finding", "list_at_16_clients", "per_second"),
        unit="/s",
        at_least=170,
    ),
    Goal(
        words="File of a million requests, memory grown",
        path=("exports", "rss_grown_mb"),
        unit="MB",
        at_most=50,
    ),
    Goal(
        words="10,000 grants due over 3 minutes, lag p95",
        path=("grants_due", "spread", "lag_p95_s"),
        unit="s",
        at_most=5,
    ),
    Goal(
        words="100,000 grants due at once",
        path=("grants_due", "at_once", "per_second"),
        unit="/s",
        at_least=50,
    ),
    Goal(words="Grants skipped of those", path=("grants_due", "at_once", "skipped"), unit="", at_most=0),
    Goal(
        words="Starts by two workers, times those of one",
        path=("worker_drain", "ratio"),
        unit="",
        at_least=1.6,
    ),
    Goal(words="Warm start until ready", path=("start_up", "warm_start_s"), unit="s", at_most=4),
    Goal(
        words="Portal + worker + sandbox, resident (PSS)",
        path=("memory", "together", "pss_mb"),
        unit="MB",
        at_most=300,
    ),
)


def judged(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each goal with its figure and whether it is met; what was not measured is left out."""
    return [
        {
            "goal": goal.words,
            "bound": goal.bound(),
            "unit": goal.unit,
            "figure": figure,
            "met": goal.is_met(figure),
        }
        for goal in GOALS
        if goal.path[0] in results
        for figure in [_figure(results, goal.path)]
    ]


def table(results: dict[str, Any]) -> str:
    """Return what a person reads on the console."""
    return "\n".join(_lines(results))


def _lines(results: dict[str, Any]) -> Iterator[str]:
    yield ""
    for each in results["goals"]:
        verdict = "met" if each["met"] else "NOT MET"
        yield f"{each['goal']:45} {each['figure']:>9g} {each['unit']:3} goal {each['bound']:7} {verdict}"
    yield ""
    intake = results["callback_intake"]
    for name in ("floor", "portal"):
        side = intake[name]
        yield (
            f"{name + ', saturated':45} {side['per_second']:>9g} /s  p50 {side['p50_ms']:g} ms, "
            f"p99 {side['p99_ms']:g} ms, {side['cpu_ms_a_request']:g} ms CPU each"
        )
    alone = intake["floor_at_100_a_second"]
    yield f"{'floor at 100/s':45} {alone['p50_ms']:>9g} ms  p99 {alone['p99_ms']:g} ms"
    busy = results["callbacks_with_busy_worker"]
    done = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in busy["worker_meanwhile"].items())
    yield f"{'callbacks at 200/s, worker busy':45} {busy['p50_ms']:>9g} ms  p99 {busy['p99_ms']:g} ms; {done}"
    yield from _finding(results["finding"])
    for name, page in {**results["pages"], "submit": results["submit"]}.items():
        costs = f"{page['cpu_p50_ms']:g} ms CPU, {page['statements']} SQL statements"
        yield f"{name:45} {page['p50_ms']:>9g} ms  p95 {page['p95_ms']:g} ms, {costs}"
    yield f"{'event to status page':45} {results['event_to_page']['p50_ms']:>9g} ms  median"
    load = results["machine"]["load_before"]
    yield f"Took {results['took_seconds']} s. Load of the machine before: {load}. Written to bench/results.json."


def _finding(finding: dict[str, Any]) -> Iterator[str]:
    small, large = map(str, finding["requests"])
    for name, page in finding["pages"].items():
        one, other = page[large], page[small]
        costs = (
            f"{one['p95_ms']:g} ms, {one['statements']} SQL statements; {other['p50_ms']:g} ms with {small}"
        )
        yield f"{name + ', ' + large:45} {one['p50_ms']:>9g} ms  p95 {costs}"
    yield f"{'to beat (discord/access, 10,001 requests)':45} {finding['to_beat']}"


def _figure(results: dict[str, Any], path: tuple[str, ...]) -> float:
    found: Any = results
    for name in path:
        found = found[name]
    return float(found)
