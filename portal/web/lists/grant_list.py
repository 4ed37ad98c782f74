"""The list of everybody's grants."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, request, url_for
from flask_babel import ngettext

from portal.channels.failures import Failure
from portal.models import Grant
from portal.services.lists.list_filters import LONGEST_FILTER
from portal.services.lists.saved_views import ListName
from portal.services.registry import services
from portal.web.access import signed_in_person
from portal.web.htmx import render, replace_address, wants_partial
from portal.web.lists.exporting import query_of_list, wanted_grants
from portal.web.lists.filters import id_before, target_name
from portal.web.lists.list_tools import list_tools
from portal.web.words.failures import failure_words
from portal.web.words.grants import drift_words, grant_badge


def grant_list() -> Response:
    """Draw the page, or what a search on it has found."""
    wanted = replace(wanted_grants(), older_than=id_before(request.args.get("older_than")))
    found = services().grant_search.find(signed_in_person(), wanted)
    query = query_of_list(ListName.GRANTS)
    count = len(found.grants)
    response = render(
        "lists/grants_page.html",
        "lists/_grant_list.html",
        wanted=wanted,
        found=found,
        rows=[(each, grant_badge(each), target_name(each.target), _trouble(each)) for each in found.grants],
        longest_text=LONGEST_FILTER,
        address=url_for("lists.grants"),
        newest_address=url_for("lists.grants", **query),
        older_address=url_for("lists.grants", **query, older_than=found.older_than)
        if found.older_than
        else None,
        announcement=ngettext("%(num)s grant", "%(num)s grants", count),
        is_swap=wants_partial(),
        **list_tools(ListName.GRANTS, wanted.filters, query=query),
    )
    if not wants_partial():
        return response
    return replace_address(response, url_for("lists.grants", **query, older_than=wanted.older_than))


def _trouble(grant: Grant) -> str:
    """Return why a grant fails, or how the BI tool differs; empty where all is well."""
    if grant.failure:
        return failure_words(Failure.from_json(grant.failure)).title
    return drift_words(grant)
