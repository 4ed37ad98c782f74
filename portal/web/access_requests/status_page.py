"""The status page of one request, whole or its changing part."""

from __future__ import annotations

from flask import Response, url_for

from portal.services.faults import Problem, ProblemReason
from portal.services.registry import services
from portal.services.requests.request_part import RequestPart
from portal.web.access import signed_in_person
from portal.web.access_requests.group_status import Seen
from portal.web.access_requests.request_status import status_of
from portal.web.access_requests.sync_words import stop_mark, sync_of
from portal.web.htmx import render, wants_partial
from portal.web.words.problems import problem_words


def visible_part(number: str) -> RequestPart:
    """Return what the signed-in person may see of a request; raises ``NotThere``."""
    return services().access_requests.view(signed_in_person(), number)


def shown_version(number: str) -> str:
    """Return what the page would carry as its version now; raises ``NotThere``."""
    version = services().access_requests.version(signed_in_person(), number)
    return version + stop_mark(services().dingtalk_calls.stopped_until())


def show_status(found: RequestPart, *, problem: Problem | None = None) -> Response:
    """Render where a request stands, with 409 and the words of ``problem`` when something was not possible."""
    viewer, sync = signed_in_person(), sync_of(found.approvals)
    seen = Seen(
        viewer=viewer,
        now=services().clock.now(),
        reminder_pause=services().reminders.pause(),
        are_calls_stopped=sync.are_calls_stopped,
    )
    return render(
        "access_requests/status_page.html",
        "access_requests/_status.html",
        status=409 if problem else 200,
        shown=status_of(found, seen),
        sync=sync,
        is_swap=wants_partial(),
        is_theirs=found.request.requester_id == viewer.id,
        problem=problem_words(problem) if problem else None,
        asks_again=_form_of_part(found, problem),
    )


def _form_of_part(found: RequestPart, problem: Problem | None) -> str | None:
    """Return where to ask again for the part that a problem is about, where that is what helps its requester."""
    if problem is None or problem.reason != ProblemReason.NOBODY_DECIDES_ALL:
        return None
    if found.request.requester_id != signed_in_person().id:
        return None
    number, position = found.request.number, problem.facts["position"]
    return url_for("access_requests.new", repeats=number, part=position)
