"""The doctor's results in print: lines for a person, JSON for a program."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from portal.services.doctor.checks import CheckState
from portal.services.doctor.run import CheckResult
from portal.web.doctor.groups import GROUPS
from portal.web.doctor.lines import Line, line_of, summary_of

WIDTH = 110
INDENT = " " * 10
_MARKS = {
    CheckState.OK: "ok",
    CheckState.WARNING: "look",
    CheckState.FAILED: "BROKEN",
    CheckState.WAITING: "waits",
    CheckState.NOT_APPLICABLE: "-",
}


def printed_lines(results: tuple[CheckResult, ...], *, public_url: str) -> Iterator[str]:
    """Yield the lines to print; ``public_url`` goes before addresses of the portal's own pages."""
    by_name = {result.name: result for result in results}
    for title, names in GROUPS.values():
        yield str(title)
        for name in names:
            yield from _printed(line_of(by_name[name]), public_url=public_url)
        yield ""
    summary = summary_of(results)
    yield f"{summary.title}. {' '.join(summary.sentences)}"


def as_json(
    results: tuple[CheckResult, ...], *, public_url: str, at: datetime, counted_calls: int
) -> dict[str, Any]:
    """Return all results for a program: names, states and findings are stable, sentences are not."""
    states = {result.state for result in results}
    return {
        "portal": public_url,
        "at": at.isoformat(timespec="seconds"),
        "state": next((each.value for each in _WORST_FIRST if each in states), CheckState.OK.value),
        "counted_calls_at_most": counted_calls,
        "checks": [_entry(line_of(result), public_url=public_url) for result in results],
    }


_WORST_FIRST = (CheckState.FAILED, CheckState.WARNING)


def _printed(line: Line, *, public_url: str) -> Iterator[str]:
    said = f"{_MARKS[line.verdict.state]:<8}  {line.words.title}: {line.words.sentence.striptags()}"
    yield from textwrap.wrap(said, WIDTH, subsequent_indent=INDENT)
    for told in (*_refusal(line), *(f"-> {step}" for step in line.words.steps)):
        yield from textwrap.wrap(
            told, WIDTH, initial_indent=INDENT, subsequent_indent=f"{INDENT}   ", break_long_words=False
        )
    for link in line.links:
        yield f"{INDENT}{link.label}: {_full(link.url, public_url=public_url)}"


def _refusal(line: Line) -> Iterator[str]:
    if line.words.failure is not None and line.words.failure.sentence:
        yield line.words.failure.sentence
    for permission in line.permissions:
        yield f"{permission.name} ({permission.code})"


def _entry(line: Line, *, public_url: str) -> dict[str, Any]:
    verdict, failure = line.verdict, line.words.failure
    return {
        "name": line.name.value,
        "title": line.words.title,
        "state": verdict.state.value,
        "found": verdict.found.value,
        "facts": dict(verdict.facts),
        "sentence": line.words.sentence.striptags(),
        "steps": list(line.words.steps),
        "waits_for": verdict.waits_for.value if verdict.waits_for else None,
        "links": [_full(link.url, public_url=public_url) for link in line.links],
        "failure": failure
        and {
            "sentence": failure.sentence,
            "kind": failure.kind,
            "request_id": failure.request_id,
            "required_scopes": list(failure.required_scopes),
        },
    }


def _full(url: str, *, public_url: str) -> str:
    return f"{public_url}{url}" if url.startswith("/") else url
