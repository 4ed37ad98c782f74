"""The front page and the OA inbox: to do, done, mine, copies."""

from __future__ import annotations

from enum import StrEnum

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.console.acting import act_as, acting_as, staff
from portal.sandbox.console.paths import own_path
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Instance, Task

blueprint = Blueprint("inbox", __name__)
MOST_SHOWN = 100


class Box(StrEnum):
    """The lists of the inbox."""

    TO_DO = "to_do"
    DONE = "done"
    MINE = "mine"
    COPIES = "copies"


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What this is, for somebody who came by."""
    return render_template("sandbox/home.html")


@blueprint.post("/acting")
def choose_person() -> ResponseReturnValue:
    """Act as somebody else from now on."""
    with current_sandbox().storage.read() as session:
        userids = [person.userid for person in staff(session)]
    if request.form.get("userid") in userids:
        act_as(request.form["userid"])
    return redirect(own_path(request.form.get("next"), otherwise=url_for("inbox.page")), code=303)


@blueprint.get("/oa")
def page() -> ResponseReturnValue:
    """One list of the person acted as; polled through htmx for the list alone."""
    box = Box(request.args["box"]) if request.args.get("box") in list(Box) else Box.TO_DO
    with current_sandbox().storage.read() as session:
        instances = _listed(session, box, userid=acting_as())
        waiting = len(_listed(session, Box.TO_DO, userid=acting_as()))
        template = "sandbox/_inbox.html" if request.headers.get("HX-Request") else "sandbox/inbox.html"
        return render_template(template, box=box, boxes=list(Box), instances=instances, waiting=waiting)


def _listed(session: Session, box: Box, *, userid: str) -> list[Instance]:
    latest = select(Instance).order_by(Instance.position.desc()).limit(MOST_SHOWN)
    if box is Box.MINE:
        return list(session.scalars(latest.where(Instance.originator_userid == userid)))
    if box is Box.COPIES:
        recent = session.scalars(latest)
        return [instance for instance in recent if userid in instance.cc_userids]
    states = ("RUNNING",) if box is Box.TO_DO else ("COMPLETED",)
    mine = select(Task.instance_position).where(Task.userid == userid, Task.status.in_(states))
    return list(session.scalars(latest.where(Instance.position.in_(mine))))
