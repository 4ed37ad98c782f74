"""The pretended Quick BI as its users and administrators see it: who can open what until when, and the switches."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.clock import now_ms
from portal.sandbox.console.acting import acting_as
from portal.sandbox.quickbi.access import Road, can_open, roads
from portal.sandbox.quickbi.organisation import user_id_of
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import change
from portal.sandbox.settings import load as load_settings
from portal.sandbox.tables import BiUser, BiWork, BiWorkspace

blueprint = Blueprint("quickbi_page", __name__, url_prefix="/console/quickbi")
SWITCHES = ("quickbi_sharing_allowed", "quickbi_caller_allowed", "quickbi_new_column_rules")
STATUSES, LEVELS = (0, 1, 2, 3), (0, 12, 11)


@dataclass(frozen=True, kw_only=True)
class WorkView:
    """A work, everybody's roads to it, and whether the person acting can open it; None for one without account."""

    work: BiWork
    workspace: str
    people: list[tuple[BiUser, list[Road]]]
    opens: bool | None


@blueprint.get("")
def page() -> ResponseReturnValue:
    """Polled through htmx for the works alone."""
    with current_sandbox().storage.read() as session:
        polled = bool(request.headers.get("HX-Request"))
        return render_template(
            "sandbox/_quickbi.html" if polled else "sandbox/quickbi.html",
            works=_works(session),
            workspaces=session.scalars(select(BiWorkspace).order_by(BiWorkspace.workspace_id)).all(),
            settings=load_settings(session),
            switches=SWITCHES,
            statuses=STATUSES,
            levels=LEVELS,
        )


@blueprint.post("/works/<work_id>")
def save_work(work_id: str) -> ResponseReturnValue:
    """Publish, take offline, or change who may edit."""
    with current_sandbox().storage.write() as session:
        work = session.get(BiWork, work_id) or abort(404)
        work.status = _chosen("status", STATUSES)
        work.security_level = _chosen("security_level", LEVELS)
        name = work.name
    return _saved(name)


@blueprint.post("/switches")
def save_switches() -> ResponseReturnValue:
    """What the organisation, its workspaces and the key's account allow."""
    with current_sandbox().storage.write() as session:
        change(session, **{name: name in request.form for name in SWITCHES})
        for workspace in session.scalars(select(BiWorkspace)):
            workspace.allows_sharing = f"sharing-{workspace.workspace_id}" in request.form
    return _saved("Quick BI")


def _works(session: Session) -> list[WorkView]:
    now, acting = now_ms(), user_id_of(acting_as())
    users = session.scalars(select(BiUser).order_by(BiUser.account_name)).all()
    spaces = {each.workspace_id: each.name for each in session.scalars(select(BiWorkspace))}
    found = []
    for work in session.scalars(select(BiWork).order_by(BiWork.name)):
        reached = [(user, roads(session, work=work, user=user, now=now)) for user in users]
        opens = next((can_open(ways) for user, ways in reached if user.user_id == acting), None)
        found.append(
            WorkView(
                work=work,
                workspace=spaces.get(work.workspace_id, ""),
                people=[(user, ways) for user, ways in reached if ways],
                opens=opens,
            )
        )
    return found


def _chosen(name: str, allowed: tuple[int, ...]) -> int:
    text = request.form.get(name, "")
    if text not in [str(each) for each in allowed]:
        abort(400)
    return int(text)


def _saved(name: str) -> ResponseReturnValue:
    flash(_("Saved: %(name)s.", name=name))
    return redirect(url_for(".page"), code=303)
