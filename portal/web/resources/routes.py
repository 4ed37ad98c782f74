"""The keepers' catalogue: list, a resource's page, add, change, retire."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError, Failure
from portal.extensions import db
from portal.models import Resource
from portal.models.resource import ResourceSource, ResourceType
from portal.rules.permissions import Permission
from portal.services.catalogue.catalogue import CatalogueWanted
from portal.services.catalogue.level_offers import masked_columns
from portal.services.catalogue.matrix import holders
from portal.services.catalogue.workspaces import all_workspaces
from portal.services.faults import FieldFault, NotThere, Problem
from portal.services.permissions import may
from portal.services.registry import services
from portal.web.access import current_actor, signed_in_person
from portal.web.access_requests.basket import whole_number
from portal.web.access_requests.request_form import text_of
from portal.web.htmx import redirect_or_refresh, render, replace_address, wants_partial
from portal.web.resources.guards import keeping_required, seeing_required
from portal.web.resources.resource_form import KeptResourceForm
from portal.web.words.catalogue import EDIT_PERMISSIONS, HOLDINGS, SOURCES, TARGETS, USER_TYPES
from portal.web.words.problems import problem_words

resources = Blueprint("resources", __name__, url_prefix="/catalogue")

LONGEST_TEXT = 200


@resources.get("")
@seeing_required
def catalogue() -> Response:
    person, wanted = signed_in_person(), _wanted()
    kept = None
    if not may(person, Permission.READ_EVERYTHING):
        kept = services().resource_keeping.kept_workspaces(person)
    found = services().catalogue.page(replace(wanted, workspace_ids=kept))
    response = render(
        "resources/list_page.html",
        "resources/_resource_list.html",
        wanted=wanted,
        resources=found.resources,
        next_address=_address(replace(wanted, after_id=found.next_after_id)) if found.next_after_id else None,
        first_address=_address(replace(wanted, after_id=None)),
        types=list(ResourceType),
        sources=SOURCES,
        workspaces=all_workspaces(db.session(), within=kept),
        longest_text=LONGEST_TEXT,
        is_swap=wants_partial(),
        announcement=ngettext("%(num)s resource", "%(num)s resources", len(found.resources)),
        may_keep=services().resource_keeping.keeps_any(person),
        is_quickbi_connected=services().quickbi_sync.view().is_connected,
        keeps_all=may(person, Permission.KEEP_CATALOGUE),
    )
    return replace_address(response, _address(wanted)) if wants_partial() else response


@resources.get("/<int(max=999999999):resource_id>")
@seeing_required
def page(resource_id: int) -> Response:
    return _page(_visible(resource_id))


@resources.get("/new")
@keeping_required
def new() -> Response:
    form = KeptResourceForm(formdata=None)
    return _form(form)


@resources.post("")
@keeping_required
def add() -> BaseResponse:
    form = KeptResourceForm()
    form.offer()
    try:
        if not form.validate():
            return _form(form, status=422)
        resource_id = services().resource_keeping.add(current_actor(), signed_in_person(), form.described())
    except FieldFault as fault:
        form.mark(fault)
        return _form(form, status=422)
    except ChannelError as error:
        return _form(form, status=409, failure=error.failure)
    flash(gettext("The resource was added."), "success")
    return redirect_or_refresh(url_for(".page", resource_id=resource_id))


@resources.get("/<int(max=999999999):resource_id>/change")
@keeping_required
def edit(resource_id: int) -> Response:
    resource = services().resource_keeping.kept(signed_in_person(), resource_id)
    form = KeptResourceForm(formdata=None)
    form.show(resource)
    return _form(form, resource=resource)


@resources.post("/<int(max=999999999):resource_id>")
@keeping_required
def change(resource_id: int) -> BaseResponse:
    person = signed_in_person()
    resource = services().resource_keeping.kept(person, resource_id)
    form = KeptResourceForm()
    form.offer()
    try:
        if not form.validate():
            return _form(form, resource=resource, status=422)
        services().resource_keeping.change(current_actor(), person, resource_id, form.described(resource))
    except FieldFault as fault:
        form.mark(fault)
        return _form(form, resource=resource, status=422)
    except ChannelError as error:
        return _form(form, resource=resource, status=409, failure=error.failure)
    except Problem as problem:
        resource = services().resource_keeping.kept(person, resource_id)
        stored = KeptResourceForm(formdata=None)
        stored.show(resource)
        form.seen.data = stored.seen.data
        return _form(form, resource=resource, status=409, problem=problem)
    flash(gettext("Saved."), "success")
    return redirect_or_refresh(url_for(".page", resource_id=resource_id))


@resources.post("/<int(max=999999999):resource_id>/retirement")
@keeping_required
def retire(resource_id: int) -> BaseResponse:
    services().resource_keeping.retire(current_actor(), signed_in_person(), resource_id)
    flash(gettext("The resource is retired: nobody can ask for it any more."), "success")
    return redirect_or_refresh(url_for(".page", resource_id=resource_id))


@resources.post("/<int(max=999999999):resource_id>/return")
@keeping_required
def bring_back(resource_id: int) -> BaseResponse:
    services().resource_keeping.bring_back(current_actor(), signed_in_person(), resource_id)
    flash(gettext("The resource can be asked for again."), "success")
    return redirect_or_refresh(url_for(".page", resource_id=resource_id))


def _visible(resource_id: int) -> Resource:
    person, resource = signed_in_person(), services().catalogue.get(resource_id)
    keeping = services().resource_keeping
    is_theirs = resource is not None and keeping.may_keep(person, resource)
    if resource is None or not (is_theirs or may(person, Permission.READ_EVERYTHING)):
        raise NotThere
    return resource


def _page(resource: Resource) -> Response:
    return render(
        "resources/page.html",
        "resources/_resource.html",
        resource=resource,
        holders=holders(resource.resource_type, has_masked_columns=bool(masked_columns(resource))),
        holdings=HOLDINGS,
        user_types=USER_TYPES,
        masked=masked_columns(resource),
        source=SOURCES[ResourceSource(resource.source)],
        targets=TARGETS,
        edit_permissions=EDIT_PERMISSIONS,
        may_keep=services().resource_keeping.may_keep(signed_in_person(), resource),
        reads_everything=may(signed_in_person(), Permission.READ_EVERYTHING),
    )


def _form(
    form: KeptResourceForm,
    *,
    resource: Resource | None = None,
    status: int = 200,
    problem: Problem | None = None,
    failure: Failure | None = None,
) -> Response:
    form.offer()
    kept = services().resource_keeping.kept_workspaces(signed_in_person())
    return render(
        "resources/form_page.html",
        "resources/_resource_form.html",
        status=status,
        form=form,
        resource=resource,
        problem=problem_words(problem) if problem else None,
        failure=failure,
        workspaces=all_workspaces(db.session(), within=kept),
    )


def _wanted() -> CatalogueWanted:
    resource_type, source = request.args.get("type"), request.args.get("source")
    return CatalogueWanted(
        text=text_of(request.args.get("q")).strip()[:LONGEST_TEXT],
        resource_type=ResourceType(resource_type) if resource_type in list(ResourceType) else None,
        source=ResourceSource(source) if source in list(ResourceSource) else None,
        workspace_id=whole_number(request.args.get("workspace")),
        is_gone=request.args.get("gone") == "yes",
        after_id=whole_number(request.args.get("after")),
    )


def _address(wanted: CatalogueWanted) -> str:
    return url_for(
        ".catalogue",
        q=wanted.text or None,
        type=wanted.resource_type,
        source=wanted.source,
        workspace=wanted.workspace_id,
        gone="yes" if wanted.is_gone else None,
        after=wanted.after_id,
    )
