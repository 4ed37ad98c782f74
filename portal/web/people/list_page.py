"""The People page: who is known, who has which role, and adding somebody."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.wrappers import Response as BaseResponse

from portal.models.person import Role
from portal.rules.permissions import Permission
from portal.services.known_people import MOST_SHOWN
from portal.services.permissions import may
from portal.services.registry import services
from portal.web.access import signed_in_person
from portal.web.htmx import render
from portal.web.people.picker import LONGEST_QUERY, PersonSearch, search_of
from portal.web.words.roles import role_purpose


def show_people(*, status: int = 200, search: PersonSearch | None = None, **trouble: Any) -> BaseResponse:
    """Draw the page: without a search those who have a role."""
    text = request.args.get("name", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    found = services().known_people.search(text, with_roles_only=not text)
    return render(
        "people/page.html",
        "people/_people_list.html",
        status=status,
        text=text,
        people=found,
        is_cut=len(found) == MOST_SHOWN,
        roles=list(Role),
        role_purpose=role_purpose,
        gives_roles=may(signed_in_person(), Permission.GIVE_ROLES),
        field="person",
        chosen=None,
        search=search if search is not None else search_of(request.args, with_local=True),
        **trouble,
    )
