"""The doctor's page: each line is fetched on its own, or all are there at once for who asks for that."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.rules.permissions import Permission
from portal.services.doctor.checks import CheckName
from portal.services.registry import services
from portal.web.access import permission_required
from portal.web.doctor.groups import GROUPS
from portal.web.doctor.lines import line_of, summary_of
from portal.web.htmx import announce, vary_by_htmx, wants_partial
from portal.web.words.doctor import TITLES

LOOKED_AGAIN = "doctor-looked-again"

doctor = Blueprint("doctor", __name__, url_prefix="/settings/approval/doctor")


@doctor.get("")
@permission_required(Permission.READ_SETTINGS)
def page() -> Response:
    """Show all lines: to be fetched one by one, or with ``all`` looked at before the page is answered."""
    portal = services()
    key = _asked_run() or portal.doctor.begin()
    run, lines, summary = portal.doctor.run(key), {}, None
    if "all" in request.args:
        name = request.args.get("again", "")
        if name in set(CheckName):
            run.again(CheckName(name))
        results = run.results()
        lines = {result.name: line_of(result) for result in results}
        summary = summary_of(results)
    shown = render_template(
        "doctor/page.html",
        groups=GROUPS,
        titles=TITLES,
        lines=lines,
        summary=summary,
        run_key=key,
        counted_calls=portal.doctor.counted_calls,
    )
    return vary_by_htmx(Response(shown))


@doctor.get("/checks/<name>")
@permission_required(Permission.READ_SETTINGS)
def check(name: str) -> BaseResponse:
    """Look at one line, anew with ``again``."""
    key = _asked_run()
    if name not in set(CheckName):
        abort(404)
    if not wants_partial():
        return redirect(url_for("doctor.page", all="yes", run=key, again=name, _anchor=f"check-{name}"))
    key = key or services().doctor.begin()
    run, is_again = services().doctor.run(key), "again" in request.args
    result = run.again(CheckName(name)) if is_again else run.result(CheckName(name))
    answer = Response(render_template("doctor/_check.html", line=line_of(result), run_key=key))
    return vary_by_htmx(announce(answer, triggers=[LOOKED_AGAIN] if is_again else []))


@doctor.get("/summary")
@permission_required(Permission.READ_SETTINGS)
def summary() -> BaseResponse:
    """Say what all lines come to, looking at what was not looked at yet."""
    key = _asked_run()
    if not wants_partial() or key is None:
        return redirect(url_for("doctor.page", all="yes"))
    results = services().doctor.run(key).results()
    shown = render_template("doctor/_summary.html", summary=summary_of(results), run_key=key, titles=TITLES)
    return vary_by_htmx(Response(shown))


def _asked_run() -> str | None:
    key = request.args.get("run", "")
    return key if len(key) == 16 and key.isalnum() and key.isascii() else None
