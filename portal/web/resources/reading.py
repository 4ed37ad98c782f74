"""Reading the catalogue out of Quick BI: asked for, watched, reported."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import Failure
from portal.rules.permissions import Permission
from portal.services.faults import Problem
from portal.services.registry import services
from portal.web.access import current_actor, permission_required
from portal.web.htmx import redirect_or_refresh, render, wants_partial
from portal.web.words.problems import problem_words

resource_reading = Blueprint("resource_reading", __name__, url_prefix="/catalogue/reading")


@resource_reading.get("")
@permission_required(Permission.KEEP_CATALOGUE)
def page() -> Response:
    return _page()


@resource_reading.post("")
@permission_required(Permission.KEEP_CATALOGUE)
def ask() -> BaseResponse:
    try:
        services().quickbi_sync.ask(current_actor())
    except Problem as problem:
        return _page(problem=problem, status=409)
    return _page() if wants_partial() else redirect_or_refresh(url_for(".page"))


def _page(*, problem: Problem | None = None, status: int = 200) -> Response:
    view = services().quickbi_sync.view()
    report = view.report or {}
    refused = [(each["workspace"], each["failure"]) for each in report.get("failures", ())]
    if report.get("failure"):
        refused.insert(0, ("", report["failure"]))
    return render(
        "resources/reading_page.html",
        "resources/_reading.html",
        status=status,
        view=view,
        report=report,
        refusals=[(name, Failure.from_json(told)) for name, told in refused],
        problem=problem_words(problem) if problem else None,
    )
