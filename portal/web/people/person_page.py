"""One person's page: roles, leave, workspaces; one's own looks the same with less to press."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response as BaseResponse

from portal.models.person import Role
from portal.rules.permissions import Permission
from portal.services.permissions import may
from portal.services.registry import services
from portal.web.access import signed_in_person
from portal.web.htmx import render
from portal.web.people.leave_form import LeaveForm
from portal.web.people.picker import PersonSearch, reference_of, search_of
from portal.web.words.roles import role_purpose

DELEGATE = "delegate"


def show_person(
    person_id: int,
    *,
    status: int = 200,
    leave_form: LeaveForm | None = None,
    search: PersonSearch | None = None,
    password: str = "",
) -> BaseResponse:
    """Draw the page; ``password`` is shown this once. Raises ``NotThere``."""
    portal = services()
    viewer, known = signed_in_person(), portal.known_people.view(person_id)
    absence = portal.absences.of(person_id)
    is_own = viewer.id == person_id
    gives_roles = may(viewer, Permission.GIVE_ROLES)
    chosen = (reference_of(absence.delegate), absence.delegate.name) if absence else None
    return render(
        "people/person_page.html",
        "people/_person.html",
        status=status,
        known=known,
        is_own=is_own,
        gives_roles=gives_roles,
        may_set_leave=is_own or gives_roles,
        missing_roles=[role for role in Role if role not in {given.role for given in known.roles}],
        role_purpose=role_purpose,
        absence=absence,
        is_away=absence is not None and absence.starts_on <= portal.absences.today(),
        stands_in=portal.absences.represented_by(person_id),
        leave_form=leave_form or LeaveForm.of(absence),
        search=search if search is not None else search_of(request.args, with_local=True),
        field=DELEGATE,
        chosen=chosen,
        password=password,
    )
