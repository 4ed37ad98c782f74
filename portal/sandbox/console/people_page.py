"""People who leave, come back, or get another supervisor."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Department, Person, Relation

blueprint = Blueprint("people_page", __name__, url_prefix="/console/people")


@blueprint.get("")
def page() -> ResponseReturnValue:
    """Everybody of the organisation, also those who left."""
    with current_sandbox().storage.read() as session:
        members = session.scalars(
            select(Person).where(Person.relation == Relation.STAFF).order_by(Person.position)
        ).all()
        departments = session.scalars(select(Department)).all()
    return render_template(
        "sandbox/people.html",
        members=members,
        departments={department.id: department.name for department in departments},
    )


@blueprint.post("/<userid>")
def save(userid: str) -> ResponseReturnValue:
    """Leave, return, or change the supervisor."""
    with current_sandbox().storage.write() as session:
        person = session.get(Person, userid)
        if person is None:
            abort(404)
        if "active" in request.form:
            person.is_active = request.form["active"] == "yes"
        supervisor = request.form.get("manager_userid")
        if supervisor is not None and (supervisor == "" or session.get(Person, supervisor) is not None):
            person.manager_userid = supervisor or None
        name = person.name
    flash(_("Saved: %(name)s.", name=name))
    return redirect(url_for(".page"), code=303)
