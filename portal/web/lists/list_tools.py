"""What stands around a list: its filters, the views that somebody keeps of it, and its export."""

from __future__ import annotations

from typing import Any

from flask import url_for

from portal.services.lists.list_filters import ListFilters
from portal.services.lists.saved_views import LONGEST_NAME, ListName
from portal.services.registry import services
from portal.web.access import signed_in_person
from portal.web.lists.filters import KNOWN, choices, query_of

ENDPOINTS = {ListName.REQUESTS: "access_requests.everybodys", ListName.GRANTS: "lists.grants"}


def list_tools(name: ListName, filters: ListFilters, *, query: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the templates in lists/; ``query`` is the address of what is shown."""
    return {
        "list_name": name.value,
        "filters": filters,
        "filter_query": query_of(filters),
        "filter_choices": choices(),
        "views": [
            (view.id, view.name, view_address(name, view.filters))
            for view in services().saved_views.of(signed_in_person(), name)
        ],
        "longest_view_name": LONGEST_NAME,
        "export_address": url_for("lists.export", name=name.value, **query),
        "keep_address": url_for("lists.keep_view", name=name.value, **query),
        "has_filters": bool(query),
    }


def view_address(name: ListName, filters: dict[str, Any]) -> str:
    """Return where a view leads: only known parameters, whatever was stored once."""
    known: dict[str, Any] = {key: str(value) for key, value in filters.items() if key in KNOWN}
    return url_for(ENDPOINTS[name], **known)
