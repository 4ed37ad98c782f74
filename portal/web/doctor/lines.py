"""A line of the doctor as it is shown, and what all lines come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext, ngettext

from portal.services.doctor.checks import CheckName, CheckState, Verdict
from portal.services.doctor.run import CheckResult
from portal.web.doctor.links import Link, links_of
from portal.web.words.doctor import CheckWords, check_words
from portal.web.words.permissions import PermissionWords, missing_permissions


@dataclass(frozen=True, kw_only=True)
class Line:
    """One check with its words and links."""

    name: CheckName
    verdict: Verdict
    words: CheckWords
    links: list[Link]
    permissions: tuple[PermissionWords, ...]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The headline: one sentence for each state that needs somebody, and the lines that are ``broken``."""

    kind: str
    title: str
    sentences: tuple[str, ...]
    broken: tuple[CheckName, ...] = ()


def line_of(result: CheckResult) -> Line:
    """Return one result as it is shown."""
    verdict = result.verdict
    return Line(
        name=result.name,
        verdict=verdict,
        words=check_words(result.name, verdict),
        links=links_of(result.name, verdict),
        permissions=missing_permissions(verdict.failure) if verdict.failure else (),
    )


def summary_of(results: Iterable[CheckResult]) -> Summary:
    """Return what all results come to."""
    results = tuple(results)
    broken = tuple(result.name for result in results if result.state is CheckState.FAILED)
    counts = Counter(result.state for result in results)
    failed, warned = counts[CheckState.FAILED], counts[CheckState.WARNING]
    waiting = counts[CheckState.WAITING]
    sentences = []
    if failed:
        sentences.append(ngettext("%(num)s line is broken.", "%(num)s lines are broken.", failed))
    if waiting:
        said = ngettext("%(num)s line waits for another.", "%(num)s lines wait for others.", waiting)
        sentences.append(said)
    if warned:
        said = ngettext("%(num)s line needs attention.", "%(num)s lines need attention.", warned)
        sentences.append(said)
    if failed:
        return Summary(
            kind="danger", title=gettext("Something is broken"), sentences=tuple(sentences), broken=broken
        )
    if warned or waiting:
        return Summary(
            kind="warning", title=gettext("It works, with something to look at"), sentences=tuple(sentences)
        )
    all_well = gettext("Every line from the portal to DingTalk and back is good.")
    return Summary(kind="success", title=gettext("All is well"), sentences=(all_well,))
