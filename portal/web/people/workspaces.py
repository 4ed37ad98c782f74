"""Workspaces and who administers them or is a member."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError
from portal.models.resource import WorkspaceRole
from portal.rules.permissions import Permission
from portal.services.faults import FieldFault
from portal.services.permissions import may
from portal.services.registry import services
from portal.web.access import current_actor, permission_required, signed_in_person
from portal.web.htmx import render
from portal.web.people.picker import search_of
from portal.web.words.faults import fault_sentence

workspaces = Blueprint("workspaces", __name__, url_prefix="/workspaces")


@workspaces.get("")
@permission_required(Permission.READ_EVERYTHING)
def page() -> BaseResponse:
    found = services().workspace_members.workspaces()
    return render("people/workspaces_page.html", "people/_workspaces.html", workspaces=found)


@workspaces.get("/<int(max=2147483647):workspace_id>")
@permission_required(Permission.READ_EVERYTHING)
def workspace(workspace_id: int) -> BaseResponse:
    return _show(workspace_id)


@workspaces.post("/<int(max=2147483647):workspace_id>/members")
@permission_required(Permission.GIVE_ROLES)
def put_member(workspace_id: int) -> BaseResponse:
    """Make somebody a member, or give a member another role."""
    role, chosen = request.form.get("role", ""), request.form.get("member", "")
    if role not in set(WorkspaceRole):
        abort(400)
    try:
        if not chosen:
            raise FieldFault("person", "missing")
        person_id = services().people.remember(chosen)
        services().workspace_members.put(
            current_actor(),
            signed_in_person(),
            workspace_id=workspace_id,
            person_id=person_id,
            role=WorkspaceRole(role),
        )
    except FieldFault as fault:
        return _show(workspace_id, status=422, error=fault_sentence(fault), sent_role=role)
    except ChannelError as error:
        return _show(workspace_id, status=409, failure=error.failure, sent_role=role)
    flash(gettext("Saved."), "success")
    return redirect(url_for("workspaces.workspace", workspace_id=workspace_id), code=303)


@workspaces.post("/<int(max=2147483647):workspace_id>/members/<int(max=2147483647):person_id>/removal")
@permission_required(Permission.GIVE_ROLES)
def remove_member(workspace_id: int, person_id: int) -> BaseResponse:
    services().workspace_members.remove(
        current_actor(), signed_in_person(), workspace_id=workspace_id, person_id=person_id
    )
    flash(gettext("Saved."), "success")
    return redirect(url_for("workspaces.workspace", workspace_id=workspace_id), code=303)


def _show(workspace_id: int, *, status: int = 200, **trouble: Any) -> BaseResponse:
    portal = services()
    return render(
        "people/workspace_page.html",
        "people/_workspace.html",
        status=status,
        workspace=portal.workspace_members.workspace(workspace_id),
        members=portal.workspace_members.members(workspace_id),
        roles=list(WorkspaceRole),
        gives_roles=may(signed_in_person(), Permission.GIVE_ROLES),
        field="member",
        chosen=None,
        picked=request.form.get("member", ""),
        search=search_of(request.form if request.method == "POST" else request.args, with_local=True),
        **trouble,
    )
