"""What came of decisions, as sentences."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext, ngettext

from portal.services.decisions.decisions import Decided, Verdict
from portal.web.words.problems import problem_words


@dataclass(frozen=True, kw_only=True)
class ResultLine:
    """What came of one approval; ``number`` is empty where there is no page to lead to."""

    number: str
    is_done: bool
    sentence: str


def done_sentence(verdict: Verdict, *, count: int) -> str:
    """Return that so many are decided."""
    if verdict == Verdict.APPROVE:
        return str(ngettext("%(num)s approval is approved.", "%(num)s approvals are approved.", count))
    return str(ngettext("%(num)s approval is rejected.", "%(num)s approvals are rejected.", count))


def result_line(decided: Decided) -> ResultLine:
    """Return what came of one approval among those selected."""
    if not decided.is_theirs:
        return ResultLine(
            number="", is_done=False, sentence=gettext("One of them is not yours to decide (any more).")
        )
    if decided.problem is None:
        return ResultLine(number=decided.number, is_done=True, sentence=gettext("It is decided."))
    words = problem_words(decided.problem)
    return ResultLine(
        number=decided.number,
        is_done=False,
        sentence=gettext("%(title)s. %(reason)s", title=words.title, reason=words.reason),
    )
