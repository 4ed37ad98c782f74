"""What a person sees when something fails: what happened, why, and what to do next.

A page of its own for a plain visit, a partial into `#problems` for htmx (what was typed stays), JSON for
machines. Nothing here needs the database, so it also works when that is the thing that failed.
"""

import secrets
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException

from portal.web.htmx import retarget, vary_by_htmx, wants_partial
from portal.web.languages import display_preferences
from portal.web.machine_paths import MACHINE_PATHS

PROBLEMS_REGION = "#problems"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Words for one failure: `title` what happened, `reason` why, `next_step` what to do now."""

    title: str | LazyString
    reason: str | LazyString
    next_step: str | LazyString


CSRF_PROBLEM = Problem(
    title=lazy_gettext("This page was open for too long"),
    reason=lazy_gettext(
        "For your safety a form is only valid for a while, and yours has expired. Nothing was changed."
    ),
    next_step=lazy_gettext("Copy anything you typed, load the page again and send it once more."),
)

PROBLEMS = {
    400: Problem(
        title=lazy_gettext("We could not read that request"),
        reason=lazy_gettext("Something in the address or in the form was missing or in the wrong shape."),
        next_step=lazy_gettext("Go back, check what you entered and try again."),
    ),
    403: Problem(
        title=lazy_gettext("You do not have permission to see this page"),
        reason=lazy_gettext("It belongs to somebody else, or it needs an organization admin."),
        next_step=lazy_gettext("If you think you should see it, ask an organization admin."),
    ),
    404: Problem(
        title=lazy_gettext("Page not found"),
        reason=lazy_gettext("The address may be mistyped or shortened, or what it showed no longer exists."),
        next_step=lazy_gettext("Check the address, or start again from the first page."),
    ),
    405: Problem(
        title=lazy_gettext("This address cannot be opened like that"),
        reason=lazy_gettext("It only takes a form that is sent from a page."),
        next_step=lazy_gettext("Start again from the first page and use its buttons."),
    ),
    409: Problem(
        title=lazy_gettext("This has changed in the meantime"),
        reason=lazy_gettext("Somebody or something else acted first, so nothing was done."),
        next_step=lazy_gettext("Load the page again to see where things stand."),
    ),
    413: Problem(
        title=lazy_gettext("That is too much text"),
        reason=lazy_gettext("What you sent is larger than the portal accepts. Nothing was saved."),
        next_step=lazy_gettext("Shorten it and send it again."),
    ),
    422: Problem(
        title=lazy_gettext("Something needs to be corrected"),
        reason=lazy_gettext("Part of what you entered cannot be used. Nothing was saved."),
        next_step=lazy_gettext("Go back, correct it and send it again."),
    ),
    429: Problem(
        title=lazy_gettext("Too many attempts"),
        reason=lazy_gettext("To protect accounts, the portal pauses after many tries in a short time."),
        next_step=lazy_gettext("Wait a few minutes, then try again."),
    ),
    500: Problem(
        title=lazy_gettext("Something went wrong on our side"),
        reason=lazy_gettext("This is a fault of the portal, not of anything you did. It has been recorded."),
        next_step=lazy_gettext(
            "Try again. If it happens once more, give your administrator the reference below."
        ),
    ),
    503: Problem(
        title=lazy_gettext("The portal is not available right now"),
        reason=lazy_gettext("It may be starting, under maintenance, or waiting for its database."),
        next_step=lazy_gettext(
            "Try again in a minute. If it lasts, give your administrator the reference below."
        ),
    ),
}


def init_errors(app: Flask) -> None:
    """Answer every HTTP error, expired form and unexpected exception of `app` with our own words."""
    app.register_error_handler(CSRFError, _answer_csrf_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(OperationalError, _answer_database_error)
    app.register_error_handler(DataError, _answer_unstorable)


def answer_problem(problem: Problem, *, status: int) -> Response:
    """Show `problem` with HTTP `status` in the shape the caller understands; routes use it for 409 too."""
    if request.path.startswith(MACHINE_PATHS):
        return _for_machines(problem, status=status)
    if wants_partial():
        content = _render("errors/_problem.html", problem, status=status)
        return vary_by_htmx(retarget(make_response(content, status), selector=PROBLEMS_REGION))
    return vary_by_htmx(make_response(_render("errors/page.html", problem, status=status), status))


def error_reference() -> str:
    """The id by which an administrator finds this request in the log; made here if it has none yet."""
    if not g.get("request_id"):
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


def _answer_csrf_error(_error: CSRFError) -> Response:
    return answer_problem(CSRF_PROBLEM, status=400)


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirect raised on the way, for example a missing slash
        return make_response(error.get_response())
    response = answer_problem(PROBLEMS.get(status, PROBLEMS[500 if status >= 500 else 400]), status=status)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _answer_database_error(error: OperationalError) -> Response:
    """A database that is locked, full or away is no fault of this request: nothing was changed, and it passes."""
    current_app.logger.error("the database did not answer: %s", error.orig)
    return answer_problem(PROBLEMS[503], status=503)


def _answer_unstorable(error: DataError) -> Response:
    """What was sent is nothing that the database could hold or look for: PostgreSQL knows no NUL in a text."""
    current_app.logger.error("the database cannot take what was sent: %s", error.orig)
    return answer_problem(PROBLEMS[400], status=400)


def _for_machines(problem: Problem, *, status: int) -> Response:
    answer = {"error": str(problem.title)}
    if status >= 500:
        answer["reference"] = error_reference()
    return make_response(jsonify(answer), status)


def _render(template: str, problem: Problem, *, status: int) -> str:
    context = {
        "problem": problem,
        "status": status,
        "reference": error_reference() if status >= 500 else None,
        "is_bare": status >= 500,
    }
    if status < 500:
        try:
            return render_template(template, **context)
        except Exception:
            current_app.logger.exception("error page %s could not use the usual context", status)
            context["is_bare"] = True
    else:
        current_app.logger.error("answered %s, reference %s", status, context["reference"])
    # Past Flask's context processors: they may ask the database who is signed in.
    bare = current_app.jinja_env.get_template(template)
    return bare.render(**display_preferences(), **context)
