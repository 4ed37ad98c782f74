"""Letting somebody else decide what its approver cannot: searched by name, with JavaScript or without."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError, Failure
from portal.rules.permissions import Permission
from portal.services.faults import FieldFault
from portal.services.registry import services
from portal.web.access import current_actor, permission_required, signed_in_person
from portal.web.htmx import render
from portal.web.people.picker import search_of
from portal.web.words.faults import fault_sentence

passing_on = Blueprint("passing_on", __name__, url_prefix="/approvals")

FIELD = "approver"


@passing_on.get("/<int(max=2147483647):approval_id>/approver")
@permission_required(Permission.KEEP_GRANTS)
def page(approval_id: int) -> Response:
    return _page(approval_id)


@passing_on.post("/<int(max=2147483647):approval_id>/approver")
@permission_required(Permission.KEEP_GRANTS)
def pass_on(approval_id: int) -> BaseResponse:
    try:
        chosen = request.form.get(FIELD, "")
        if not chosen:
            raise FieldFault("person", "missing")
        person_id = services().people.remember(chosen)
        services().passing_on.pass_on(
            current_actor(), signed_in_person(), approval_id, to_person_id=person_id
        )
    except FieldFault as fault:
        return _page(approval_id, status=422, error=fault_sentence(fault))
    except ChannelError as error:
        return _page(approval_id, status=409, failure=error.failure)
    passed_on = services().passing_on.waiting(signed_in_person(), approval_id)
    flash(gettext("%(name)s decides now.", name=passed_on.approver.name), "success")
    return redirect(url_for("access_requests.page", number=passed_on.number), code=303)


def _page(
    approval_id: int, *, status: int = 200, error: str = "", failure: Failure | None = None
) -> Response:
    return render(
        "approvals/approver_page.html",
        "approvals/_approver.html",
        status=status,
        approval=services().passing_on.waiting(signed_in_person(), approval_id),
        search=search_of(request.values, with_local=True),
        field=FIELD,
        chosen=None,
        picked=request.form.get(FIELD, ""),
        error=error,
        failure=failure,
    )
