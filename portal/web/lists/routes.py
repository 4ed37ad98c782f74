"""Everybody's grants, kept views, files and histories."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, flash, redirect, request, stream_with_context, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.models import RequestItem
from portal.services.faults import FieldFault
from portal.services.lists.histories import HistoryPage
from portal.services.lists.saved_views import ListName
from portal.services.registry import services
from portal.web.access import current_actor, sign_in_required, signed_in_person
from portal.web.htmx import render
from portal.web.lists.exporting import export_of, query_of_list
from portal.web.lists.filters import id_before
from portal.web.lists.grant_list import grant_list
from portal.web.lists.history_lines import history_line
from portal.web.lists.list_tools import ENDPOINTS
from portal.web.words.faults import fault_sentence

lists = Blueprint("lists", __name__)

ID = "<int(max=2147483647):{}>"


@lists.get("/grants")
@sign_in_required
def grants() -> Response:
    return grant_list()


@lists.post("/lists/<name>/export")
@sign_in_required
def export(name: str) -> Response:
    """Stream a list as it is filtered by the address."""
    page, person = _list(name), signed_in_person()
    wanted = export_of(page, person)
    wanted.next_page(None)  # whoever may not see the list gets no file at all
    give_back = services().exports.begin(current_actor(), page, filters=query_of_list(page))
    response = Response(stream_with_context(services().exports.pieces(wanted)), mimetype="text/csv")
    # Also when nobody reads the file, not even its first piece.
    response.call_on_close(give_back)
    response.headers["Content-Disposition"] = f'attachment; filename="{page}.csv"'
    return response


@lists.post("/lists/<name>/views")
@sign_in_required
def keep_view(name: str) -> BaseResponse:
    page, query = _list(name), query_of_list(_list(name))
    try:
        services().saved_views.save(
            current_actor(),
            signed_in_person(),
            page,
            name=request.form.get("view_name", ""),
            filters=query,
        )
        flash(gettext("The view is kept."), "success")
    except FieldFault as fault:
        flash(fault_sentence(fault), "warning")
    return redirect(url_for(ENDPOINTS[page], **query), code=303)


@lists.post(f"/views/{ID.format('view_id')}/deletion")
@sign_in_required
def delete_view(view_id: int) -> BaseResponse:
    page = services().saved_views.delete(current_actor(), signed_in_person(), view_id)
    flash(gettext("The view is deleted."), "success")
    return redirect(url_for(ENDPOINTS[page]), code=303)


@lists.get("/people/me/history")
@sign_in_required
def my_history() -> BaseResponse:
    return redirect(url_for(".person_history", person_id=signed_in_person().id))


@lists.get(f"/people/{ID.format('person_id')}/history")
@sign_in_required
def person_history(person_id: int) -> Response:
    viewer, before = signed_in_person(), id_before(request.args.get("older_than"))
    person, page = services().histories.of_person(viewer, person_id, older_than=before)
    is_own = person.id == viewer.id
    title = gettext("My history") if is_own else gettext("History of %(name)s", name=person.name)
    return _history(
        title, page, lambda older: url_for(".person_history", person_id=person_id, older_than=older)
    )


@lists.get(f"/resources/{ID.format('resource_id')}/history")
@sign_in_required
def resource_history(resource_id: int) -> Response:
    viewer, before = signed_in_person(), id_before(request.args.get("older_than"))
    resource, page = services().histories.of_resource(viewer, resource_id, older_than=before)
    title = gettext("History of %(name)s", name=resource.name)
    return _history(
        title, page, lambda older: url_for(".resource_history", resource_id=resource_id, older_than=older)
    )


def _history(title: str, page: HistoryPage, address: Callable[[int | None], str]) -> Response:
    items: list[RequestItem] = list(page.items)
    return render(
        "lists/history_page.html",
        "lists/_history.html",
        title=title,
        lines=[history_line(each) for each in items],
        older_address=address(page.older_than) if page.older_than else None,
        newest_address=address(None) if "older_than" in request.args else None,
    )


def _list(name: str) -> ListName:
    if name not in set(ListName):
        abort(404)
    return ListName(name)
