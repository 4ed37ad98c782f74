"""What an address exports: the list that it shows, all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import request

from portal.extensions import db
from portal.models import Person
from portal.services.lists.exports import ROWS_A_PIECE, Export
from portal.services.lists.grant_lines import grant_lines
from portal.services.lists.grant_search import WantedGrants
from portal.services.lists.request_lines import request_lines
from portal.services.lists.saved_views import ListName
from portal.services.lists.scope import workspaces_seen
from portal.services.registry import services
from portal.services.requests.request_conditions import StateFilter
from portal.services.requests.request_search import Wanted, Whose
from portal.web.lists.filters import query_of, read_filters, typed

# Programs read these, so they are the same in every language.
_OF_REQUESTS = (
    *("request_number", "request_state", "submitted_at", "closed_at", "requester", "requester_user_id"),
    *("on_behalf_of", "resource_type", "resource_id", "resource", "workspace", "level", "channel"),
    *("approval_state", "approver", "decided_by", "duration_days", "valid_until", "reason"),
)
_OF_GRANTS = (
    *("grant_id", "request_number", "state", "person", "person_user_id", "resource_type", "resource_id"),
    *("resource", "workspace", "level", "target", "approved_at", "active_at", "expires_at", "ended_at"),
    *("ended_by", "end_reason"),
)


def wanted_requests() -> Wanted:
    """Return which of everybody's requests the address asks for."""
    state = request.args.get("state")
    return Wanted(
        whose=Whose.EVERYBODYS,
        text=typed(request.args.get("q")),
        state=StateFilter(state) if state in list(StateFilter) else None,
        filters=read_filters(request.args, are_grants=False),
    )


def wanted_grants() -> WantedGrants:
    """Return which of everybody's grants the address asks for."""
    return WantedGrants(
        text=typed(request.args.get("q")), filters=read_filters(request.args, are_grants=True)
    )


def query_of_list(page: ListName) -> dict[str, Any]:
    """Return the address of a list in its plainest form: without what it does not know."""
    if page == ListName.GRANTS:
        grants = wanted_grants()
        return {**({"q": grants.text} if grants.text else {}), **query_of(grants.filters)}
    requests = wanted_requests()
    found = {"q": requests.text, "state": requests.state.value if requests.state else ""}
    return {**{name: value for name, value in found.items() if value}, **query_of(requests.filters)}


def export_of(page: ListName, person: Person) -> Export:
    """Return what is written of a list. Whoever may not see it finds out with its first page (``NotAllowed``)."""
    person_id = person.id

    def viewer() -> Person:
        # Read anew for each piece: whoever loses a role meanwhile gets no more of the file.
        return db.session.get_one(Person, person_id)

    if page == ListName.GRANTS:
        grants = wanted_grants()
        return Export(
            heading=_OF_GRANTS,
            next_page=lambda before: services().grant_search.ids(
                db.session(), viewer(), replace(grants, older_than=before), rows=ROWS_A_PIECE
            ),
            lines_of=lambda ids: grant_lines(db.session(), ids),
        )
    requests = wanted_requests()
    return Export(
        heading=_OF_REQUESTS,
        next_page=lambda before: services().request_search.ids(
            db.session(), viewer(), replace(requests, older_than=before), rows=ROWS_A_PIECE
        ),
        lines_of=lambda ids: request_lines(
            db.session(), ids, workspaces=workspaces_seen(db.session(), viewer())
        ),
    )
