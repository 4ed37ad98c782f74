"""People: found, given roles, on leave; and one's own page."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError
from portal.models.person import Role
from portal.rules.permissions import Permission
from portal.services.faults import FieldFault
from portal.services.permissions import require
from portal.services.registry import services
from portal.web.access import current_actor, permission_required, sign_in_required, signed_in_person
from portal.web.htmx import render
from portal.web.people.leave_form import LeaveForm
from portal.web.people.list_page import show_people
from portal.web.people.person_page import DELEGATE, show_person
from portal.web.people.picker import PersonSearch, search_of
from portal.web.words.faults import fault_sentence

people = Blueprint("people", __name__, url_prefix="/people")

FIELD_NAME = re.compile(r"[a-z_]{1,32}")
# Fields that may name somebody whom DingTalk does not know.
TAKE_LOCAL_PEOPLE = frozenset({DELEGATE, "fallback_approver", "person", "member"})


@people.get("")
@permission_required(Permission.READ_EVERYTHING)
def page() -> BaseResponse:
    return show_people()


@people.get("/me")
@sign_in_required
def me() -> BaseResponse:
    """Show one's own page."""
    return show_person(signed_in_person().id)


@people.get("/found")
@sign_in_required
def search() -> Response:
    """Answer the radio buttons of a picker; ``chosen`` and ``chosen_name`` stay at the top.

    Everybody looks for who stands in for them, only admins for anybody else.
    """
    field = request.args.get("field", "")
    if field != DELEGATE:
        require(signed_in_person(), Permission.CHANGE_SETTINGS)
    if not FIELD_NAME.fullmatch(field):
        abort(404)
    chosen = request.args.get("chosen", "")[:64], request.args.get("chosen_name", "")[:128]
    return render(
        "people/found_page.html",
        "people/_found_people.html",
        search=search_of(request.args, with_local=field in TAKE_LOCAL_PEOPLE),
        field=field,
        chosen=chosen if all(chosen) else None,
    )


@people.post("")
@permission_required(Permission.GIVE_ROLES)
def add() -> BaseResponse:
    """Make somebody of the directory known, so that a role can be given before they first sign in."""
    chosen = request.form.get("person", "")
    try:
        if not chosen:
            raise FieldFault("person", "missing")
        person_id = services().people.remember(chosen)
    except FieldFault as fault:
        return show_people(status=422, person_error=fault_sentence(fault), search=_sent_search())
    except ChannelError as error:
        return show_people(status=409, failure=error.failure, search=_sent_search())
    return redirect(url_for("people.person", person_id=person_id), code=303)


@people.post("/local")
@permission_required(Permission.GIVE_ROLES)
def add_local() -> BaseResponse:
    """Add somebody who signs in with a password, which is shown once."""
    username, name = request.form.get("username", ""), request.form.get("name", "")
    try:
        added = services().local_people.add(
            current_actor(), admin=signed_in_person(), username=username, name=name
        )
    except FieldFault as fault:
        return show_people(status=422, local_error=fault_sentence(fault), username=username, name=name)
    return show_person(added.person_id, password=added.password)


@people.get("/<int(max=2147483647):person_id>")
@permission_required(Permission.READ_EVERYTHING)
def person(person_id: int) -> BaseResponse:
    return show_person(person_id)


@people.post("/<int(max=2147483647):person_id>/roles")
@permission_required(Permission.GIVE_ROLES)
def give_role(person_id: int) -> BaseResponse:
    role = _role()
    services().roles.give(current_actor(), signed_in_person(), person_id=person_id, role=role)
    flash(gettext("The role was given. It counts from now on."), "success")
    return redirect(url_for("people.person", person_id=person_id), code=303)


@people.post("/<int(max=2147483647):person_id>/roles/removal")
@permission_required(Permission.GIVE_ROLES)
def take_role(person_id: int) -> BaseResponse:
    own_id = signed_in_person().id
    services().roles.take(current_actor(), signed_in_person(), person_id=person_id, role=_role())
    flash(gettext("The role was taken away. It counts from now on."), "success")
    if own_id == person_id:
        return redirect(url_for("people.me"), code=303)
    return redirect(url_for("people.person", person_id=person_id), code=303)


@people.post("/<int(max=2147483647):person_id>/password")
@permission_required(Permission.GIVE_ROLES)
def new_password(person_id: int) -> BaseResponse:
    """Give a local person a new password, shown once."""
    added = services().local_people.new_password(
        current_actor(), admin=signed_in_person(), person_id=person_id
    )
    return show_person(added.person_id, password=added.password)


@people.post("/<int(max=2147483647):person_id>/leave")
@sign_in_required
def set_leave(person_id: int) -> BaseResponse:
    """Set one's own leave, or as an admin anybody's."""
    _check_whose_leave(person_id)
    form = LeaveForm()
    try:
        delegate_id = services().people.remember(form.delegate.data) if form.delegate.data else None
        leave = form.leave(delegate_id=delegate_id)
        services().absences.set(current_actor(), signed_in_person(), person_id=person_id, leave=leave)
    except FieldFault as fault:
        form.mark(fault)
        return show_person(person_id, status=422, leave_form=form, search=_sent_search())
    flash(gettext("Saved."), "success")
    return _back_to(person_id)


@people.post("/<int(max=2147483647):person_id>/leave/end")
@sign_in_required
def end_leave(person_id: int) -> BaseResponse:
    _check_whose_leave(person_id)
    services().absences.end(current_actor(), signed_in_person(), person_id=person_id)
    flash(gettext("The leave was removed."), "success")
    return _back_to(person_id)


def _check_whose_leave(person_id: int) -> None:
    """Before anything is asked of the directory; the service asks again."""
    if signed_in_person().id != person_id:
        require(signed_in_person(), Permission.GIVE_ROLES)


def _sent_search() -> PersonSearch:
    return search_of(request.form, with_local=True)


def _back_to(person_id: int) -> BaseResponse:
    if signed_in_person().id == person_id:
        return redirect(url_for("people.me"), code=303)
    return redirect(url_for("people.person", person_id=person_id), code=303)


def _role() -> Role:
    sent = request.form.get("role", "")
    if sent not in set(Role):
        abort(400)
    return Role(sent)
