"""What waits for somebody's hands: to give access in the BI tool, or to take it away."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from flask_babel import gettext

from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import current_actor, sign_in_required, signed_in_person
from portal.web.access_requests.request_form import text_of
from portal.web.htmx import redirect_or_refresh
from portal.web.words.faults import fault_sentence
from portal.web.words.grants import task_words
from portal.web.words.problems import problem_words

grant_tasks = Blueprint("grant_tasks", __name__)


@grant_tasks.get("/access/tasks")
@sign_in_required
def page() -> Response:
    return _show()


@grant_tasks.post("/access/tasks/<int(max=2147483647):grant_id>/confirmation")
@sign_in_required
def confirm(grant_id: int) -> Response:
    try:
        services().grant_tasks.confirm(current_actor(), signed_in_person(), grant_id)
    except Problem as problem:
        return _show(status=409, problem=problem)
    flash(gettext("Thank you. It is noted that you have done it."), "success")
    return redirect_or_refresh(url_for(".page"))


@grant_tasks.post("/access/tasks/<int(max=2147483647):grant_id>/refusal")
@sign_in_required
def refuse(grant_id: int) -> Response:
    reason = text_of(request.form.get("reason"))
    try:
        services().grant_tasks.cannot(current_actor(), signed_in_person(), grant_id, reason=reason)
    except FieldFault as fault:
        return _show(status=422, fault=fault, at=grant_id, reason=reason)
    except Problem as problem:
        return _show(status=409, problem=problem)
    flash(
        gettext("It is noted that you cannot do it. Whoever asked for it and the administrators see why."),
        "success",
    )
    return redirect_or_refresh(url_for(".page"))


def _show(
    *,
    status: int = 200,
    problem: Problem | None = None,
    fault: FieldFault | None = None,
    at: int | None = None,
    reason: str = "",
) -> Response:
    waiting = services().grant_tasks.waiting(signed_in_person())
    page = render_template(
        "grants/tasks_page.html",
        tasks=[(grant, task_words(grant)) for grant in waiting],
        problem=problem_words(problem) if problem else None,
        fault=fault_sentence(fault) if fault else "",
        fault_at=at,
        reason=reason,
    )
    return make_response(page, status)
