"""People, found in the directory while an admin types."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, request

from portal.web.access import admin_required
from portal.web.htmx import render
from portal.web.people.picker import search_of

people = Blueprint("people", __name__, url_prefix="/people")

FIELD_NAME = re.compile(r"[a-z_]{1,32}")


@people.get("")
@admin_required
def search() -> Response:
    """Answer the radio buttons of a picker; ``chosen`` and ``chosen_name`` stay at the top."""
    field = request.args.get("field", "")
    if not FIELD_NAME.fullmatch(field):
        abort(404)
    chosen = request.args.get("chosen", "")[:64], request.args.get("chosen_name", "")[:128]
    return render(
        "people/page.html",
        "people/_found_people.html",
        search=search_of(request.args),
        field=field,
        chosen=chosen if all(chosen) else None,
    )
