"""Errors of the services that no route caught: each becomes a page with what to do next."""

from __future__ import annotations

from flask import Flask, Response
from flask_babel import gettext

from portal.channels.failures import ChannelError
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.permissions import NotAllowed, OnlyReads
from portal.web.errors import PROBLEMS, answer_problem
from portal.web.errors import Problem as ProblemWords
from portal.web.words.failures import failure_words
from portal.web.words.faults import fault_sentence
from portal.web.words.problems import problem_words
from portal.web.words.roles import roles_with


def init_service_errors(app: Flask) -> None:
    """Answer each kind of service error with its own status and words."""

    @app.errorhandler(NotThere)
    def _not_there(_error: NotThere) -> Response:
        return answer_problem(PROBLEMS[404], status=404)

    @app.errorhandler(OnlyReads)
    def _only_reads(_error: OnlyReads) -> Response:
        return answer_problem(problem_words(Problem(ProblemReason.ONLY_READS)), status=403)

    @app.errorhandler(NotAllowed)
    def _not_allowed(error: NotAllowed) -> Response:
        problem = ProblemWords(
            title=PROBLEMS[403].title,
            reason=gettext("It needs one of these roles: %(roles)s.", roles=roles_with(error.permission)),
            next_step=gettext(
                "If it is your work, ask an organization admin: they give roles on the People page."
            ),
        )
        return answer_problem(problem, status=403)

    @app.errorhandler(Problem)
    def _problem(error: Problem) -> Response:
        return answer_problem(problem_words(error), status=409)

    @app.errorhandler(ChannelError)
    def _channel_failed(error: ChannelError) -> Response:
        words = failure_words(error.failure)
        problem = ProblemWords(
            title=words.title, reason=error.failure.sentence or words.reason, next_step=words.remedy
        )
        return answer_problem(problem, status=409)

    @app.errorhandler(FieldFault)
    def _field(error: FieldFault) -> Response:
        words = PROBLEMS[422]
        problem = ProblemWords(title=words.title, reason=fault_sentence(error), next_step=words.next_step)
        return answer_problem(problem, status=422)
