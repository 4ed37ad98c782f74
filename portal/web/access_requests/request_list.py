"""Lists of requests: searched by number, person, resource and state, newest first, a page at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.services.lists.saved_views import ListName
from portal.services.registry import services
from portal.services.requests.request_conditions import StateFilter
from portal.services.requests.request_search import LONGEST_TEXT, Found, Wanted, Whose
from portal.web.access import signed_in_person
from portal.web.access_requests.basket import whole_number
from portal.web.access_requests.request_form import text_of
from portal.web.access_requests.request_status import badge_of
from portal.web.access_requests.who_decides import first_deciders
from portal.web.htmx import render, replace_address, wants_partial
from portal.web.lists.exporting import query_of_list, wanted_requests
from portal.web.lists.filters import id_before, query_of
from portal.web.lists.list_tools import list_tools

_ENDPOINTS = {
    Whose.MINE: "access_requests.mine",
    Whose.DECIDED: "access_requests.decided",
    Whose.EVERYBODYS: "access_requests.everybodys",
}
_STATE_NAMES = {
    StateFilter.OPEN: _l("Open"),
    StateFilter.WAITING: _l("Waiting for approval"),
    StateFilter.APPROVED: _l("Approved"),
    StateFilter.REJECTED: _l("Rejected"),
    StateFilter.ENDED: _l("Ended without a decision"),
    StateFilter.COULD_NOT_START: _l("Could not start"),
}


def request_list(whose: Whose, *, has_setup_to_finish: bool = False) -> Response:
    """Draw the page of a list, or what a search on it has found."""
    person = signed_in_person()
    wanted = _wanted(whose)
    found = services().request_search.find(person, wanted)
    response = render(
        "access_requests/list_page.html",
        "access_requests/_request_list.html",
        whose=whose,
        viewer=person,
        wanted=wanted,
        found=found,
        rows=[
            (part, badge_of(part.request), first_deciders(part.approvals))
            for part in services().request_search.parts(person, found)
        ],
        state_names=_STATE_NAMES,
        longest_text=LONGEST_TEXT,
        address=_address(Wanted(whose=whose)),
        newest_address=_address(replace(wanted, older_than=None)),
        older_address=_address(replace(wanted, older_than=found.older_than)) if found.older_than else None,
        announcement=_announcement(found),
        is_swap=wants_partial(),
        has_setup_to_finish=has_setup_to_finish,
        for_me=services().acceptances.asked_of(person) if whose == Whose.MINE and not wants_partial() else (),
        **_tools(wanted),
    )
    return replace_address(response, _address(wanted)) if wants_partial() else response


def _wanted(whose: Whose) -> Wanted:
    if whose == Whose.EVERYBODYS:
        return replace(wanted_requests(), older_than=id_before(request.args.get("older_than")))
    state = request.args.get("state")
    return Wanted(
        whose=whose,
        text=text_of(request.args.get("q")).strip()[:LONGEST_TEXT],
        state=StateFilter(state) if state in list(StateFilter) else None,
        older_than=whole_number(request.args.get("older_than")),
    )


def _address(wanted: Wanted) -> str:
    return url_for(
        _ENDPOINTS[wanted.whose],
        q=wanted.text or None,
        state=wanted.state,
        older_than=wanted.older_than,
        **_filters(wanted),
    )


def _filters(wanted: Wanted) -> dict[str, Any]:
    return dict(query_of(wanted.filters))


def _tools(wanted: Wanted) -> dict[str, Any]:
    """Return what stands around the list of everybody's requests."""
    if wanted.whose != Whose.EVERYBODYS:
        return {}
    return list_tools(ListName.REQUESTS, wanted.filters, query=query_of_list(ListName.REQUESTS))


def _announcement(found: Found) -> str:
    count = len(found.requests)
    if found.older_than:
        return ngettext(
            "%(num)s request, and maybe older ones", "%(num)s requests, and maybe older ones", count
        )
    return ngettext("%(num)s request", "%(num)s requests", count)
