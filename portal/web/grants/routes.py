"""What people do with access: look at it, give it back, take it away, have it tried again or checked."""

from __future__ import annotations

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask_babel import gettext

from portal.services.faults import FieldFault, NotThere, Problem
from portal.services.registry import services
from portal.web.access import current_actor, sign_in_required, signed_in_person
from portal.web.access_requests.basket import whole_number
from portal.web.access_requests.request_form import text_of
from portal.web.grants.grant_page import show_grant
from portal.web.htmx import redirect_or_refresh
from portal.web.words.grants import grant_badge, grant_sentence

grants = Blueprint("grants", __name__)


@grants.get("/access")
@sign_in_required
def mine() -> str:
    found = services().grant_views.mine(
        signed_in_person(), older_than=whole_number(request.args.get("older_than"))
    )
    return render_template(
        "grants/mine_page.html",
        found=found,
        badge=grant_badge,
        sentence=grant_sentence,
        is_continued="older_than" in request.args,
        now=services().clock.now(),
    )


@grants.get("/access/<int(max=2147483647):grant_id>")
@sign_in_required
def page(grant_id: int) -> Response:
    return show_grant(grant_id)


@grants.get("/access/<int(max=2147483647):grant_id>/return")
@sign_in_required
def confirm_return(grant_id: int) -> str:
    shown = services().grant_views.view(signed_in_person(), grant_id)
    if not shown.is_own:
        raise NotThere
    return render_template("grants/return_page.html", grant=shown.grant, is_possible=shown.is_in_effect)


@grants.post("/access/<int(max=2147483647):grant_id>/return")
@sign_in_required
def give_back(grant_id: int) -> Response:
    try:
        services().grant_ends.give_back(current_actor(), signed_in_person(), grant_id)
    except Problem as problem:
        return show_grant(grant_id, status=409, problem=problem)
    flash(gettext("You gave the access back. It is being taken away in the BI tool."), "success")
    return redirect_or_refresh(url_for(".page", grant_id=grant_id))


@grants.post("/access/<int(max=2147483647):grant_id>/revocation")
@sign_in_required
def revoke(grant_id: int) -> Response:
    reason = text_of(request.form.get("reason"))
    try:
        services().grant_ends.revoke(current_actor(), signed_in_person(), grant_id, reason=reason)
    except FieldFault as fault:
        return show_grant(grant_id, status=422, fault=fault, reason=reason)
    except Problem as problem:
        return show_grant(grant_id, status=409, problem=problem)
    flash(gettext("The access is being taken away, and its person is told why."), "success")
    return redirect_or_refresh(url_for(".page", grant_id=grant_id))


@grants.post("/access/<int(max=2147483647):grant_id>/delivery")
@sign_in_required
def try_again(grant_id: int) -> Response:
    try:
        services().grant_ends.try_again(current_actor(), signed_in_person(), grant_id)
    except Problem as problem:
        return show_grant(grant_id, status=409, problem=problem)
    return redirect_or_refresh(url_for(".page", grant_id=grant_id))


@grants.post("/access/<int(max=2147483647):grant_id>/hands")
@sign_in_required
def leave_to_hands(grant_id: int) -> Response:
    try:
        services().grant_ends.leave_to_hands(current_actor(), signed_in_person(), grant_id)
    except Problem as problem:
        return show_grant(grant_id, status=409, problem=problem)
    flash(gettext("It is done by hand from now on: whoever keeps the resource gets a task."), "success")
    return redirect_or_refresh(url_for(".page", grant_id=grant_id))


@grants.post("/access/<int(max=2147483647):grant_id>/check")
@sign_in_required
def check(grant_id: int) -> Response:
    """Look whether the access is there; what was found is data on the page, however bad."""
    try:
        looked = services().drift_check.look(signed_in_person(), grant_id)
    except Problem as problem:
        return show_grant(grant_id, status=409, problem=problem)
    return show_grant(grant_id, looked=looked)
