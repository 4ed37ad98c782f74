"""Test: asks for the approver, starts a trial and shows it live."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.registry import services
from portal.web.access import admin_required, current_actor, signed_in_person
from portal.web.approval_settings.subscription import to_copy
from portal.web.errors import Problem as ProblemWords
from portal.web.htmx import no_content, render, wants_partial
from portal.web.people.picker import NO_SEARCH, PersonSearch, search_of
from portal.web.trials.progress import progress_of
from portal.web.words.callbacks import trial_finding_words
from portal.web.words.faults import fault_sentence
from portal.web.words.problems import problem_words

trials = Blueprint("trials", __name__, url_prefix="/settings/approval/trials")

FIELD = "approver"


@trials.get("/new")
@admin_required
def new() -> Response:
    search = search_of(request.args) if "q" in request.args else NO_SEARCH
    return _form(search=search)


@trials.post("")
@admin_required
def start() -> BaseResponse:
    approver = request.form.get(FIELD, "")
    try:
        if not approver:
            raise FieldFault(FIELD, "missing")
        trial_id = services().trials.start(current_actor(), signed_in_person(), approver_user_id=approver)
    except FieldFault as fault:
        return _form(status=422, search=search_of(request.form), error=fault_sentence(fault))
    except Problem as problem:
        return _form(status=409, problem=problem_words(problem))
    except ChannelError as error:
        return _form(search=search_of(request.form), failure=error.failure)
    if wants_partial():
        return _trial(trial_id, triggers=("trial-changed",))
    return redirect(url_for(".trial", trial_id=trial_id), code=303)


@trials.get("/<int(max=2147483647):trial_id>")
@admin_required
def trial(trial_id: int) -> BaseResponse:
    return _trial(trial_id)


def _trial(trial_id: int, *, triggers: tuple[str, ...] = ()) -> Response:
    portal = services()
    shown = portal.trials.view(trial_id)
    progress = progress_of(
        shown,
        is_running=portal.trials.is_running(shown),
        is_event_overdue=portal.trials.is_event_overdue(shown),
        is_worker_alive=portal.health.is_worker_alive(),
        calls_stopped_until=portal.dingtalk_calls.stopped_until(),
    )
    health = portal.callback_diagnosis.health(since=shown.started_at) if progress.needs_diagnosis else None
    mark = progress.mark(finding=health.finding if health else "")
    seen = request.args.get("seen")
    if seen == mark:
        return no_content()
    if seen is not None:
        triggers = ("trial-changed",)
    return render(
        "trials/page.html",
        "trials/_trial.html",
        triggers=triggers,
        trial=shown,
        progress=progress,
        mark=mark,
        diagnosis=trial_finding_words(health.finding) if health else None,
        to_copy=to_copy(shown.approval.template.process_code),
    )


def _form(*, status: int = 200, search: PersonSearch = NO_SEARCH, **trouble: object) -> Response:
    """Show the form; ``trouble`` holds ``error``, ``problem`` or ``failure``."""
    settings = services().approval_settings.current()
    context: dict[str, Any] = {"error": "", "problem": _obstacle(), "failure": None, **trouble}
    return render(
        "trials/form_page.html",
        "trials/_trial_form.html",
        status=status,
        search=search,
        chosen=settings.trial_approver,
        **context,
    )


def _obstacle() -> ProblemWords | None:
    """Return why this admin cannot start a Test at all, said before they choose anybody."""
    if services().approval_settings.current().template is None:
        return problem_words(Problem(ProblemReason.NO_TEMPLATE))
    person = signed_in_person()
    if not person.is_dingtalk_person:
        return problem_words(Problem(ProblemReason.NOT_A_DINGTALK_PERSON))
    return None if person.departments else problem_words(Problem(ProblemReason.NO_DEPARTMENT))
