"""Why an action is not possible now, and what to do instead."""

from __future__ import annotations

from flask_babel import gettext

from portal.services.faults import Problem
from portal.web.errors import Problem as ProblemWords


def problem_words(problem: Problem) -> ProblemWords:
    """Return the words for one problem."""
    return ProblemWords(
        title=gettext("That is not possible now"),
        reason=problem.reason.value,
        next_step=gettext("Try again."),
    )
